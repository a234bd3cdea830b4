//! From scores to verdicts: which side of the border, which kind, kept or not.

use crate::label::{Kind, KindSet, Verdict};
use crate::model::Scores;

/// Threshold of `--precision`: fewer lines of chrome come through, some content is lost.
pub const PRECISION_THRESHOLD: f32 = 1.0;

/// Threshold of `--recall`: less content is lost, some chrome comes through.
pub const RECALL_THRESHOLD: f32 = -1.0;

/// How verdicts are reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// A line is content when its score is above this. In log-odds; 0 is the trained border.
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
    /// The verdict on a line: the score decides the side, the kind is the likeliest there.
    pub fn decide(&self, scores: &Scores) -> Verdict {
        let side = if scores.content > self.threshold {
            &Kind::ALL[..Kind::CONTENT]
        } else {
            &Kind::ALL[Kind::CONTENT..]
        };
        let mut kind = side[0];
        for &other in side {
            if scores.kinds[other as usize] > scores.kinds[kind as usize] {
                kind = other;
            }
        }
        Verdict {
            kept: self.keep.contains(kind),
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
            let verdict = policy.decide(&scores(content, &both));
            assert_eq!((verdict.kind, verdict.kept), (kind, kind.is_content()));
        }
    }

    #[test]
    fn kinds_are_kept_by_name_on_either_side() {
        let keep = KindSet::EMPTY.with(Kind::Caption);
        let policy = Policy { threshold: 0.0, keep };
        assert!(policy.decide(&scores(-1.0, &[Kind::Caption])).kept);
        assert!(!policy.decide(&scores(1.0, &[Kind::Prose])).kept);
    }
}
