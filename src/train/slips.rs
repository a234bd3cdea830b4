//! How kinds are mislabelled, by the lines that have been both labelled and read.

use super::data::Example;
use crate::label::{Kind, Label};

/// How often a line of a kind has each label of its side, a row a kind. The network's probabilities
/// of kinds are held to labels through it (forward correction: Patrini et al. 2017, arXiv 1609.03683),
/// so it learns what lines are and not what they are labelled.
#[derive(Clone, Debug)]
pub struct Slips([[f32; Kind::COUNT]; Kind::COUNT]);

/// So many lines of each kind are taken to be labelled as what they are.
const RIGHT: f32 = 1.0;

/// And so many as each kind of the side.
const ANY: f32 = 0.05;

impl Default for Slips {
    fn default() -> Slips {
        Slips::of(&[])
    }
}

impl Slips {
    /// As on the lines of these pages.
    pub(super) fn of(pages: &[Example]) -> Slips {
        let mut counts = [[0.0; Kind::COUNT]; Kind::COUNT];
        for side in [Label::Content, Label::Chrome] {
            for kind in Kind::of(side) {
                counts[kind][Kind::of(side)].fill(ANY);
                counts[kind][kind] += RIGHT;
            }
        }
        let labelled = pages.iter().filter(|page| !page.is_made_up);
        for (page, line, target) in labelled.flat_map(Example::each_line) {
            let Some(label) = target.map(|target| target.kind) else { continue };
            if let Some(kind) = page.read(line).and_then(|read| read.kind_on(label.label())) {
                counts[kind as usize][label as usize] += 1.0;
            }
        }
        for row in &mut counts {
            let total: f32 = row.iter().sum();
            row.iter_mut().for_each(|count| *count /= total);
        }
        Slips(counts)
    }

    /// How likely a line of these kinds is labelled so, and how likely it is of each kind, now that
    /// its label is known.
    pub(super) fn explain(
        &self,
        kinds: &[f32; Kind::COUNT],
        label: Kind,
    ) -> (f32, [f32; Kind::COUNT]) {
        let mut posterior = [0.0; Kind::COUNT];
        for (posterior, (kind, row)) in posterior.iter_mut().zip(kinds.iter().zip(&self.0)) {
            *posterior = kind * row[label as usize];
        }
        let likelihood = posterior.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        (likelihood, posterior.map(|kind| kind / likelihood))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::corpus::{Page, Read};

    #[test]
    fn a_label_tells_as_much_as_it_told_where_lines_were_read() {
        // Of 400 teasers 300 are labelled as other chrome, and so are all of 100 captions.
        let lines = "Rain again\n".repeat(500);
        let labels = format!("{}{}", "R".repeat(100), "O".repeat(400));
        let mut page = Page::labelled(lines.trim_end(), &labels);
        let read = |at| Read::Kind(if at < 400 { Kind::Related } else { Kind::Caption });
        page.read = (0..500).map(|at| Some(read(at))).collect();
        let slips = Slips::of(&[Example::of(&page)]);
        let even = |kinds: &[Kind]| {
            let mut even = [0.0; Kind::COUNT];
            kinds.iter().for_each(|&kind| even[kind as usize] = 1.0 / kinds.len() as f32);
            even
        };
        let kinds = even(&[Kind::Related, Kind::Caption]);
        let (likelihood, posterior) = slips.explain(&kinds, Kind::Other);
        assert!((likelihood - (0.75 + 1.0) / 2.0).abs() < 0.05, "{likelihood}");
        assert!((posterior[Kind::Caption as usize] - 1.0 / 1.75).abs() < 0.03, "{posterior:?}");
        let (_, posterior) = slips.explain(&kinds, Kind::Related);
        assert!(posterior[Kind::Related as usize] > 0.9, "{posterior:?}");
        // Kinds of which no line was read are labelled as what they are, mostly.
        let (likelihood, _) = slips.explain(&even(&[Kind::Quote]), Kind::Quote);
        assert!(likelihood > 0.75, "{likelihood}");
    }
}
