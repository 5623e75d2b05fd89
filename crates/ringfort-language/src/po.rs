//! Reads files of GNU gettext (its manual, "The Format of PO Files"): pairs of `msgid` and
//! `msgstr`, each of one or several quoted strings. Contexts and plurals are refused: English has
//! none here, and what is read is complete or an error.

/// One text and its translation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Line of the `msgid`, from 1.
    pub line: usize,
    /// The text in English.
    pub english: String,
    /// The text in the language of the file.
    pub translated: String,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct PoError {
    line: usize,
    reason: &'static str,
}

/// The entries of a file, without its head.
pub fn parse(text: &str) -> Result<Vec<Entry>, PoError> {
    let mut entries: Vec<Entry> = Vec::new();
    // Whether strings that follow belong to the translation.
    let mut translated: Option<bool> = None;
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        let wrong = |reason| PoError { line: number, reason };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            if line.starts_with("#,") && line.contains("fuzzy") {
                return Err(wrong("a fuzzy translation"));
            }
            continue;
        }
        let quoted = if let Some(rest) = line.strip_prefix("msgid ") {
            if translated == Some(false) {
                return Err(wrong("a text without a translation"));
            }
            let (english, translated_) = (String::new(), String::new());
            entries.push(Entry { line: number, english, translated: translated_ });
            translated = Some(false);
            rest
        } else if let Some(rest) = line.strip_prefix("msgstr ") {
            if translated != Some(false) {
                return Err(wrong("a translation without a text"));
            }
            translated = Some(true);
            rest
        } else {
            line
        };
        let part = unquoted(quoted).ok_or_else(|| wrong("no quoted string"))?;
        let entry = entries.last_mut().ok_or_else(|| wrong("a string of nothing"))?;
        match translated {
            Some(true) => entry.translated.push_str(&part),
            _ => entry.english.push_str(&part),
        }
    }
    if translated == Some(false) {
        let line = text.lines().count();
        return Err(PoError { line, reason: "a text without a translation" });
    }
    // The head is the translation of nothing.
    entries.retain(|entry| !entry.english.is_empty());
    Ok(entries)
}

/// A string of C without its quotes.
fn unquoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return None,
            '\\' => out.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                c @ ('"' | '\\') => c,
                _ => return None,
            }),
            c => out.push(c),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_several_lines_are_joined() {
        let text = "msgid \"\"\nmsgstr \"Language: zh_CN\\n\"\n\n# why\nmsgid \"a \"\n\"\\\"b\\\"\"\nmsgstr \"\"\n\"甲\"\n";
        let entry = Entry { line: 5, english: "a \"b\"".to_owned(), translated: "甲".to_owned() };
        assert_eq!(parse(text), Ok(vec![entry]));
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        for (text, line, reason) in [
            ("msgid \"a\"\nmsgid \"b\"\n", 2, "a text without a translation"),
            ("msgid \"a\"\n", 1, "a text without a translation"),
            ("msgstr \"a\"\n", 1, "a translation without a text"),
            ("msgid a\n", 1, "no quoted string"),
            ("msgid \"a\"b\"\n", 1, "no quoted string"),
            ("\"a\"\n", 1, "a string of nothing"),
            ("msgctxt \"x\"\n", 1, "no quoted string"),
            ("#, fuzzy\nmsgid \"a\"\nmsgstr \"b\"\n", 1, "a fuzzy translation"),
        ] {
            assert_eq!(parse(text), Err(PoError { line, reason }), "{text}");
        }
    }
}
