//! The kinds a line can have, and the verdict on a line. The one place that knows the kinds.

use std::fmt;
use std::ops::Range;

/// Which side of the border a line is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    /// Part of the article.
    Content,
    /// Everything else on the page.
    Chrome,
}

macro_rules! kinds {
    ($($kind:ident, $name:literal, $letter:literal, $label:ident, $doc:literal;)*) => {
        /// What a line is. Six kinds are content, twelve are chrome.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Kind { $(#[doc = $doc] $kind,)* }

        impl Kind {
            /// Every kind: the content kinds first, in the order of the model's outputs.
            pub const ALL: [Kind; 18] = [$(Kind::$kind,)*];

            /// The name on the command line and in records.
            pub const fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name,)* }
            }

            /// The letter in labelled corpora: lower case for content, upper case for chrome.
            pub const fn letter(self) -> u8 {
                match self { $(Kind::$kind => $letter,)* }
            }

            /// The side this kind is on.
            pub const fn label(self) -> Label {
                match self { $(Kind::$kind => Label::$label,)* }
            }

            /// One sentence for help texts.
            pub const fn describe(self) -> &'static str {
                match self { $(Kind::$kind => $doc,)* }
            }
        }
    };
}

kinds! {
    Prose, "prose", b'p', Content, "Paragraphs.";
    Heading, "heading", b'h', Content, "Headline and headings inside the article.";
    List, "list", b'l', Content, "List items of the article.";
    Quote, "quote", b'q', Content, "Block quotations.";
    Table, "table", b't', Content, "Cells of tables in the article.";
    Code, "code", b'c', Content, "Code blocks.";
    Menu, "menu", b'N', Chrome, "Navigation, breadcrumbs, pagination.";
    Caption, "caption", b'C', Chrome, "Picture captions and credits.";
    Byline, "byline", b'B', Chrome, "Author, date, reading time.";
    Share, "share", b'S', Chrome, "Share bars and counters.";
    Related, "related", b'R', Chrome, "Teasers, read more, trending, next and previous.";
    Comment, "comment", b'M', Chrome, "Reader comments and their controls.";
    Policy, "policy", b'P', Chrome, "Cookie, consent, terms, community rules, legal text.";
    Form, "form", b'F', Chrome, "Log-in, registration, newsletter, search, buttons.";
    Ad, "ad", b'A', Chrome, "Advertisements and sponsor labels.";
    Tags, "tags", b'G', Chrome, "Tags, categories, topics.";
    Footer, "footer", b'T', Chrome, "Copyright, contact, site information.";
    Other, "other", b'O', Chrome, "Chrome of no other kind.";
}

impl Kind {
    /// How many kinds there are.
    pub const COUNT: usize = Self::ALL.len();
    /// How many of them are content; these come first in [`Kind::ALL`].
    pub const CONTENT: usize = 6;
    /// The first kind of content, and the first of chrome.
    pub(crate) const SIDES: [Kind; 2] = [Self::ALL[0], Self::ALL[Self::CONTENT]];

    /// The kind of that name, as on the command line.
    pub fn from_name(name: &str) -> Option<Kind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind of a corpus letter.
    pub fn from_letter(letter: u8) -> Option<Kind> {
        Self::ALL.into_iter().find(|kind| kind.letter() == letter)
    }

    /// Where in [`Kind::ALL`] the kinds of a side are.
    pub(crate) const fn of(label: Label) -> Range<usize> {
        match label {
            Label::Content => 0..Kind::CONTENT,
            Label::Chrome => Kind::CONTENT..Kind::COUNT,
        }
    }

    /// Whether the kind is on the content side.
    pub const fn is_content(self) -> bool {
        matches!(self.label(), Label::Content)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindSet(u32);

impl KindSet {
    /// No kind.
    pub const EMPTY: KindSet = KindSet(0);

    /// The content kinds: what is kept unless the user says otherwise.
    pub const CONTENT: KindSet = KindSet((1 << Kind::CONTENT) - 1);

    /// This set and `kind`.
    #[must_use]
    pub const fn with(self, kind: Kind) -> KindSet {
        KindSet(self.0 | 1 << kind as u8)
    }

    /// This set without `kind`.
    #[must_use]
    pub const fn without(self, kind: Kind) -> KindSet {
        KindSet(self.0 & !(1 << kind as u8))
    }

    /// Whether `kind` is in the set.
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }
}

impl FromIterator<Kind> for KindSet {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> KindSet {
        kinds.into_iter().fold(KindSet::EMPTY, KindSet::with)
    }
}

/// What was decided about a non-blank line, and on what grounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// Whether the line is written: its kind is among the kinds to keep.
    pub kept: bool,
    /// Margin of the classifier in log-odds: content is positive. The threshold is not in it.
    pub score: f32,
    /// Calibrated probability, 0 to 1, that the line is content.
    pub probability: f32,
    /// The likeliest kind on the side that the score and the threshold decide.
    pub kind: Kind,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_letters_lead_back_to_their_kind() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
            assert_eq!(Kind::from_letter(kind.letter()), Some(kind));
            assert_eq!(kind.letter().is_ascii_lowercase(), kind.is_content());
        }
        assert_eq!(Kind::from_letter(b'-'), None);
        assert_eq!(Kind::from_name("Prose"), None);
    }

    #[test]
    fn content_kinds_come_first() {
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index);
            assert_eq!(kind.is_content(), index < Kind::CONTENT);
            assert_eq!(KindSet::CONTENT.contains(kind), kind.is_content());
        }
    }

    #[test]
    fn sets_add_and_remove() {
        let set = KindSet::CONTENT.with(Kind::Caption).without(Kind::Heading);
        assert!(set.contains(Kind::Caption) && !set.contains(Kind::Heading));
        assert_eq!([Kind::Menu].into_iter().collect::<KindSet>(), KindSet::EMPTY.with(Kind::Menu));
    }
}
