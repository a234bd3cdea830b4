//! Text that is safe to show on a terminal: nothing in it acts, moves or hides.

use std::io::{self, Write};

/// Whether a terminal could act on `c`, or reorder or hide text because of it: control
/// characters (C0 but for tab, DEL, C1), bidirectional controls, the byte-order mark.
pub fn is_active(c: char) -> bool {
    match c {
        '\t' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' => true,
        '\u{2066}'..='\u{2069}' | '\u{feff}' => true,
        c => c.is_control(),
    }
}

/// Starts and ends a part of a line that is ordered on its own: first strong isolate, pop
/// directional isolate.
pub(super) const ISOLATE: &str = "\u{2068}";
pub(super) const END_ISOLATE: &str = "\u{2069}";

/// Whether `c` is of a script that is written from right to left.
pub(super) fn is_right_to_left(c: char) -> bool {
    matches!(
        c,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}'
    )
}

/// Writes `text` with every active character in a visible form, as `less` shows them: `^[` for
/// ESC, `<U+202E>` for others.
///
/// # Errors
/// Those of `out`.
pub fn write_visible(out: &mut impl Write, text: &str) -> io::Result<()> {
    let mut done = 0;
    for (at, c) in text.char_indices().filter(|&(_, c)| is_active(c)) {
        out.write_all(&text.as_bytes()[done..at])?;
        match c {
            '\0'..='\x7f' => out.write_all(&[b'^', c as u8 ^ 0x40])?,
            c => write!(out, "<U+{:04X}>", u32::from(c))?,
        }
        done = at + c.len_utf8();
    }
    out.write_all(&text.as_bytes()[done..])
}

/// `text` as [`write_visible`] shows it: one line without active characters.
pub fn visible(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    write_visible(&mut out, text).expect("writing to memory does not fail");
    String::from_utf8(out).expect("what is written is text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_characters_become_visible() {
        for (text, shown) in [
            ("plain \t \u{e9}\u{4e2d}\u{1f600}", "plain \t \u{e9}\u{4e2d}\u{1f600}"),
            ("\x1b[31mred", "^[[31mred"),
            ("a\0b\rc\x7fd\n", "a^@b^Mc^?d^J"),
            ("\u{9b}31m", "<U+009B>31m"),
            ("\u{feff}x\u{202e}y\u{2069}", "<U+FEFF>x<U+202E>y<U+2069>"),
            ("\u{200e}\u{200f}\u{61c}", "<U+200E><U+200F><U+061C>"),
        ] {
            assert_eq!(visible(text), shown, "{text:?}");
        }
    }

    #[test]
    fn nothing_active_is_left() {
        for c in char::MIN..=char::MAX {
            let shown = visible(&c.to_string());
            assert!(!shown.contains(is_active), "{c:?}");
            assert_eq!(shown.starts_with(c), !is_active(c) || c == '^', "{c:?}");
        }
    }
}
