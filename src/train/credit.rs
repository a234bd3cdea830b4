//! Made-up lines that name whom a picture is from. The labelled pages have few of them, and they
//! are what tells a caption that is a full sentence from a paragraph.

use super::data::Example;
use super::random::Random;
use crate::label::Kind;

/// How many lines are made.
const LINES: usize = 600;

/// Agencies and collections that pictures are from, and words for a photographer's own.
const HOLDERS: [&str; 20] = [
    "AP",
    "AFP",
    "Reuters",
    "Getty Images",
    "dpa",
    "EPA",
    "Bloomberg",
    "Shutterstock",
    "PA",
    "Xinhua",
    "Kyodo",
    "ANSA",
    "EFE",
    "TASS",
    "Alamy",
    "iStock",
    "Wikimedia Commons",
    "NASA",
    "AP Photo",
    "AFP 2019",
];

/// `N` stands for a name, `H` for a holder.
const FORMS: [&str; 24] = [
    "© H",
    "© H/N",
    "© H / N",
    "© H/ N",
    "(N/H)",
    "N/H",
    "N / H",
    "N | H",
    "Photo: N",
    "Photo: N/H",
    "Photo by N",
    "Photograph: N/H",
    "PHOTO: H",
    "Image: H",
    "Image credit: N",
    "Credit: N/H",
    "Picture: N",
    "Foto: N/H",
    "Foto: N",
    "Bild: N/H",
    "Fotografía: N",
    "Crédit: N / H",
    "Фото: N",
    "© N",
];

const STARTS: [&str; 16] = [
    "Mar", "Jo", "An", "Pe", "Lu", "Ka", "Vi", "To", "El", "Ha", "Ro", "Sa", "Da", "Mi", "Ni", "Ju",
];

const ENDS: [&str; 16] = [
    "na", "ter", "lov", "kas", "rin", "mond", "vic", "sen", "ley", "do", "rez", "mann", "ski",
    "ra", "bert", "lia",
];

/// A page that is nothing but such lines, all captions.
pub(super) fn lines() -> Example {
    let mut random = Random::new(1);
    let mut pick = |choices: &[&str]| choices[random.below(choices.len())].to_owned();
    let rows = (0..LINES).map(|_| {
        let name = format!(
            "{}{} {}{}{}",
            pick(&STARTS),
            pick(&ENDS),
            pick(&STARTS),
            pick(&ENDS),
            pick(&ENDS)
        );
        let line = pick(&FORMS).replace('N', "\0").replace('H', &pick(&HOLDERS));
        (line.replace('\0', &name), Kind::Caption)
    });
    Example::from_lines(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_short_captions_of_many_forms() {
        let page = lines();
        assert_eq!(page.lines(), LINES);
        for (_, _, target) in page.each_line() {
            let target = target.expect("every line has a label");
            assert_eq!(target.kind, Kind::Caption);
            assert!(target.words() <= 8.0);
        }
        let mut dense = page.dense.clone();
        dense.sort_unstable();
        dense.dedup();
        assert!(dense.len() > LINES / 4, "{} forms", dense.len());
    }
}
