//! Columns of a terminal: characters of East Asian scripts take two of them, marks that combine
//! none (Unicode Standard Annex 11).

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// A text with spaces behind it, up to so many columns.
#[must_use]
pub fn padded(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// A text of at most so many columns; what is cut off is an ellipsis.
#[must_use]
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(1);
    let mut taken = 0;
    let fits = |c: &char| {
        taken += c.width().unwrap_or(0);
        taken <= room
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn east_asian_characters_take_two_columns() {
        assert_eq!(width("abc"), 3);
        assert_eq!(width("命名空间"), 8);
        assert_eq!(padded("节点", 6), "节点  ");
        assert_eq!(padded("节点", 3), "节点");
    }

    #[test]
    fn a_cut_text_never_takes_more_columns() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("命名空间", 8), "命名空间");
        assert_eq!(cut("命名空间", 7), "命名空…");
        assert_eq!(cut("命名空间", 6), "命名…");
    }
}
