//! From scores to verdicts: which side of the border, which kind, kept or not.

use crate::label::{Kind, KindSet, Label, Verdict};
use crate::model::Scores;
use crate::rules::Told;

/// Threshold of `--precision`: fewer lines of chrome come through, some content is lost.
pub const PRECISION_THRESHOLD: f32 = 1.0;

/// Threshold of `--recall`: less content is lost, some chrome comes through.
pub const RECALL_THRESHOLD: f32 = -1.0;

/// How verdicts are reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// A line is content when its score is above this. In log-odds; 0 is a probability of
    /// one half.
    pub threshold: f32,
    /// The kinds to keep.
    pub keep: KindSet,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy { threshold: 0.0, keep: KindSet::CONTENT }
    }
}

impl Policy {
    /// The verdict on a line: the score decides the side, the kind is the likeliest there. What
    /// the user's rules say of the line goes before both.
    pub fn decide(&self, scores: &Scores, told: Option<Told>) -> Verdict {
        let is_content = match told {
            Some(told) => told.label == Label::Content,
            None => scores.content > self.threshold,
        };
        let side =
            if is_content { &Kind::ALL[..Kind::CONTENT] } else { &Kind::ALL[Kind::CONTENT..] };
        let mut kind = side[0];
        for &other in side {
            if scores.kinds[other as usize] > scores.kinds[kind as usize] {
                kind = other;
            }
        }
        let kind = told.and_then(|told| told.kind).unwrap_or(kind);
        Verdict {
            kept: if told.is_some() { is_content } else { self.keep.contains(kind) },
            score: scores.content,
            probability: scores.probability,
            kind,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(content: f32, likeliest: &[Kind]) -> Scores {
        let mut kinds = [-1.0; Kind::COUNT];
        for &kind in likeliest {
            kinds[kind as usize] = 1.0;
        }
        Scores { content, probability: 0.5, kinds }
    }

    #[test]
    fn the_score_decides_the_side_and_the_kind_is_the_likeliest_there() {
        let both = [Kind::Heading, Kind::Caption];
        for (content, threshold, kind) in [
            (0.1, 0.0, Kind::Heading),
            (-0.1, 0.0, Kind::Caption),
            (0.0, 0.0, Kind::Caption),
            (0.1, 0.2, Kind::Caption),
            (-0.1, -0.2, Kind::Heading),
        ] {
            let policy = Policy { threshold, ..Policy::default() };
            let verdict = policy.decide(&scores(content, &both), None);
            assert_eq!((verdict.kind, verdict.kept), (kind, kind.is_content()));
        }
    }

    #[test]
    fn kinds_are_kept_by_name_on_either_side() {
        let keep = KindSet::EMPTY.with(Kind::Caption);
        let policy = Policy { threshold: 0.0, keep };
        assert!(policy.decide(&scores(-1.0, &[Kind::Caption]), None).kept);
        assert!(!policy.decide(&scores(1.0, &[Kind::Prose]), None).kept);
    }

    #[test]
    fn rules_go_before_score_and_kinds_to_keep() {
        let policy = Policy { threshold: 0.0, keep: KindSet::EMPTY.with(Kind::Heading) };
        for (told, content, kept, kind) in [
            (Told { label: Label::Content, kind: None }, -5.0, true, Kind::Prose),
            (Told { label: Label::Content, kind: Some(Kind::Ad) }, -5.0, true, Kind::Ad),
            (Told { label: Label::Chrome, kind: None }, 5.0, false, Kind::Menu),
            (Told { label: Label::Chrome, kind: Some(Kind::Heading) }, 5.0, false, Kind::Heading),
        ] {
            let scores = scores(content, &[Kind::Prose, Kind::Menu]);
            let verdict = policy.decide(&scores, Some(told));
            assert_eq!((verdict.kept, verdict.kind), (kept, kind));
            assert_eq!(verdict.score, content);
        }
    }
}
