//! Finds the elements of a JSON list without parsing them.
//!
//! Bytes go in as they arrive; out come the elements of the top-level `items` (or of a
//! top-level array), each as one slice, and the rest of the document with `items` emptied. Only
//! strings and brackets are looked at, so this runs several times faster than parsing and can
//! feed several parsers.

use crate::options::Limits;

/// Takes what the splitter finds.
pub(crate) trait Sink {
    /// An element, and the line it begins on; 0 where lines are no longer counted. `head` is
    /// the document around it as far as it was seen.
    fn item(&mut self, head: &[u8], item: &[u8], line: u32);
    /// The end of a document: the text around the elements, whether there was a list, and the
    /// line it begins on.
    fn document(&mut self, head: &[u8], list: bool, line: u32);
    /// An element that is too large and was left out.
    fn oversized(&mut self, bytes: usize);
}

/// Why splitting stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SplitError {
    #[error("is no JSON: unexpected byte {0:#04x} between documents")]
    Between(u8),
    #[error("has a closing bracket too many")]
    Unbalanced,
    #[error("is nested more than {0} deep")]
    Deep(usize),
    #[error("has a document of more than {0} bytes around its list")]
    Head(usize),
    #[error("ends in the middle of a document")]
    Truncated,
}

/// The state between two pieces of input.
pub(crate) struct Splitter {
    limits: Limits,
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Depth at which elements stand, while inside a list.
    elements_at: Option<usize>,
    /// Whether an element has begun.
    open: bool,
    had_list: bool,
    head: Vec<u8>,
    item: Vec<u8>,
    dropped: usize,
    /// Bytes before the piece that is fed now, and newlines before `counted` in that piece.
    before: usize,
    newlines: u32,
    counted: usize,
    item_line: u32,
    document_line: u32,
    /// Whether this is inside the `metadata` of the element.
    in_metadata: bool,
    /// Depth inside `managedFields`, which is not stored.
    skipping: Option<usize>,
}

/// Lines are counted up to here. What people write by hand is smaller; a dump's lines would be
/// counted for nothing.
const LINED: usize = 16 << 20;

impl Splitter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            depth: 0,
            in_string: false,
            escaped: false,
            elements_at: None,
            open: false,
            had_list: false,
            head: Vec::new(),
            item: Vec::new(),
            dropped: 0,
            before: 0,
            newlines: 0,
            counted: 0,
            item_line: 0,
            document_line: 0,
            in_metadata: false,
            skipping: None,
        }
    }

    /// The same without line numbers.
    pub(crate) fn without_lines(limits: Limits) -> Self {
        Self { before: LINED + 1, ..Self::new(limits) }
    }

    /// The line of a byte of the piece, from 1, or 0 beyond what is counted.
    fn line(&mut self, chunk: &[u8], at: usize) -> u32 {
        if self.before + at > LINED {
            return 0;
        }
        self.newlines += memchr::memchr_iter(b'\n', &chunk[self.counted..at]).count() as u32;
        self.counted = at;
        self.newlines + 1
    }

    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), SplitError> {
        self.scan(chunk, sink)?;
        if self.before <= LINED {
            self.newlines += memchr::memchr_iter(b'\n', &chunk[self.counted..]).count() as u32;
        }
        self.counted = 0;
        self.before += chunk.len();
        Ok(())
    }

    fn scan(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), SplitError> {
        let mut at = 0;
        // Bytes from `from` on are not stored yet; they belong to the element or to the head.
        let mut from = 0;
        while at < chunk.len() {
            if self.in_string {
                at = self.string(chunk, at);
                continue;
            }
            if self.open && self.elements_at.is_some_and(|elements| self.depth > elements) {
                (at, from) = self.inside(chunk, at, from)?;
                if at == chunk.len() || self.in_string {
                    continue;
                }
            }
            let byte = chunk[at];
            let between = self.elements_at == Some(self.depth);
            if between && !self.open {
                match byte {
                    b' ' | b'\t' | b'\r' | b'\n' | b',' => {
                        at += 1;
                        from = at;
                        continue;
                    }
                    b']' => {}
                    _ => {
                        self.open = true;
                        self.item_line = self.line(chunk, at);
                        from = at;
                    }
                }
            }
            match byte {
                b'"' if self.depth > 0 => self.in_string = true,
                b'{' | b'[' => {
                    if self.depth == 0 {
                        self.document_line = self.line(chunk, at);
                    }
                    let starts_list = byte == b'['
                        && self.elements_at.is_none()
                        && !self.had_list
                        && (self.depth == 0
                            || (self.depth == 1 && {
                                self.store(&chunk[from..at])?;
                                from = at;
                                ends_with_key(&self.head, b"items")
                            }));
                    self.depth += 1;
                    if self.depth > self.limits.depth {
                        return Err(SplitError::Deep(self.limits.depth));
                    }
                    if starts_list {
                        self.store(&chunk[from..=at])?;
                        from = at + 1;
                        self.elements_at = Some(self.depth);
                        self.had_list = true;
                    }
                }
                b'}' | b']' => {
                    if between && byte == b']' {
                        if self.open {
                            self.store(&chunk[from..at])?;
                            self.close(sink);
                        }
                        self.elements_at = None;
                        from = at;
                    }
                    self.depth = self.depth.checked_sub(1).ok_or(SplitError::Unbalanced)?;
                    if self.open && self.elements_at == Some(self.depth) {
                        self.store(&chunk[from..=at])?;
                        from = at + 1;
                        self.close(sink);
                    }
                    if self.depth == 0 {
                        self.store(&chunk[from..=at])?;
                        from = at + 1;
                        sink.document(&self.head, self.had_list, self.document_line);
                        self.head.clear();
                        self.had_list = false;
                    }
                }
                b',' if between && self.open => {
                    self.store(&chunk[from..at])?;
                    from = at + 1;
                    self.close(sink);
                }
                b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => from = at + 1,
                _ if self.depth == 0 => return Err(SplitError::Between(byte)),
                _ => {}
            }
            at += 1;
        }
        match self.skipping {
            Some(_) => Ok(()),
            None => self.store(&chunk[from..]),
        }
    }

    /// Goes on inside a string, past its end if that is in the piece.
    fn string(&mut self, chunk: &[u8], mut at: usize) -> usize {
        if std::mem::take(&mut self.escaped) {
            at += 1;
        }
        // Most strings are short: eight bytes at a time find their end sooner than a search
        // that is made for long ones.
        while let Some(eight) = chunk.get(at..at + 8).and_then(|eight| eight.try_into().ok()) {
            match ends(u64::from_le_bytes(eight)) {
                8 => at += 8,
                offset if chunk[at + offset] == b'"' => {
                    self.in_string = false;
                    return at + offset + 1;
                }
                // What is escaped is passed over unseen.
                offset => at += offset + 2,
            }
        }
        while at < chunk.len() {
            match chunk[at] {
                b'"' => {
                    self.in_string = false;
                    return at + 1;
                }
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.escaped = at > chunk.len();
        chunk.len()
    }

    /// Goes on inside an element up to the bracket that ends it, or the end of the piece. In
    /// there only strings and brackets matter; `managedFields`, which make up half of what a
    /// server writes and which nothing reads, are left out where no lines are counted.
    fn inside(
        &mut self,
        chunk: &[u8],
        mut at: usize,
        mut from: usize,
    ) -> Result<(usize, usize), SplitError> {
        let elements = self.elements_at.unwrap_or_default();
        while at < chunk.len() {
            match chunk[at] {
                b'"' => {
                    self.in_string = true;
                    at = self.string(chunk, at + 1);
                    continue;
                }
                open @ (b'{' | b'[') => {
                    self.depth += 1;
                    if self.depth > self.limits.depth {
                        return Err(SplitError::Deep(self.limits.depth));
                    }
                    if self.item_line == 0 && self.depth == elements + 2 && open == b'{' {
                        self.store(&chunk[from..at])?;
                        from = at;
                        self.in_metadata = ends_with_key(&self.item, b"metadata");
                    } else if self.in_metadata && self.depth == elements + 3 && open == b'[' {
                        self.store(&chunk[from..at])?;
                        from = at;
                        if ends_with_key(&self.item, b"managedFields") {
                            self.store(b"[")?;
                            self.skipping = Some(self.depth);
                        }
                    }
                }
                b'}' | b']' => {
                    if self.depth == elements + 1 {
                        return Ok((at, from));
                    }
                    if self.skipping == Some(self.depth) {
                        self.skipping = None;
                        from = at;
                    }
                    self.depth -= 1;
                    self.in_metadata &= self.depth > elements + 1;
                }
                _ => {}
            }
            at += 1;
        }
        Ok((at, from))
    }

    /// Says that the input has ended.
    pub(crate) fn finish(&self) -> Result<(), SplitError> {
        if self.depth == 0 { Ok(()) } else { Err(SplitError::Truncated) }
    }

    fn store(&mut self, bytes: &[u8]) -> Result<(), SplitError> {
        if self.open {
            if self.item.len() + bytes.len() > self.limits.object_bytes {
                self.dropped += self.item.len() + bytes.len();
                self.item.clear();
            } else if self.dropped > 0 {
                self.dropped += bytes.len();
            } else {
                self.item.extend_from_slice(bytes);
            }
            return Ok(());
        }
        if self.head.len() + bytes.len() > self.limits.object_bytes {
            return Err(SplitError::Head(self.limits.object_bytes));
        }
        self.head.extend_from_slice(bytes);
        Ok(())
    }

    fn close(&mut self, sink: &mut dyn Sink) {
        match std::mem::take(&mut self.dropped) {
            0 => sink.item(&self.head, &self.item, self.item_line),
            bytes => sink.oversized(bytes),
        }
        self.item.clear();
        self.open = false;
    }
}

/// Which of eight bytes, the first lowest, is the first quote or backslash; 8 if none is.
fn ends(eight: u64) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // The high bit of each byte that is zero, and perhaps of some above the lowest of these
    // (Mycroft, 1987).
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7);
    let found = zeros(eight ^ (ONES * u64::from(b'"'))) | zeros(eight ^ (ONES * u64::from(b'\\')));
    found.trailing_zeros() as usize / 8
}

/// Whether the text ends with that key and a colon.
fn ends_with_key(head: &[u8], key: &[u8]) -> bool {
    let rest = head.trim_ascii_end().strip_suffix(b":").map(<[u8]>::trim_ascii_end);
    let rest =
        rest.and_then(|rest| rest.strip_suffix(b"\"")?.strip_suffix(key)?.strip_suffix(b"\""));
    rest.is_some_and(|rest| rest.last() != Some(&b'\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, PartialEq, Eq, Debug)]
    struct Found(Vec<String>, Vec<(String, bool)>, Vec<u32>);

    impl Sink for Found {
        fn item(&mut self, _: &[u8], item: &[u8], line: u32) {
            self.2.push(line);
            self.0.push(String::from_utf8_lossy(item).into_owned());
        }
        fn document(&mut self, head: &[u8], list: bool, line: u32) {
            self.2.push(line);
            self.1.push((String::from_utf8_lossy(head).into_owned(), list));
        }
        fn oversized(&mut self, bytes: usize) {
            self.0.push(format!("oversized {bytes}"));
        }
    }

    fn run(pieces: &[&[u8]]) -> (Found, Result<(), SplitError>) {
        let mut splitter = Splitter::new(Limits::default());
        let mut found = Found::default();
        let result = pieces
            .iter()
            .try_for_each(|piece| splitter.feed(piece, &mut found))
            .and_then(|()| splitter.finish());
        (found, result)
    }

    const LIST: &str = r#" {"apiVersion":"v1", "x":{"items":[1]}, "items" : [ {"a":"]\"}"}, {"b":[{}, [1]]} ,3], "kind":"PodList"}
        {"kind":"Pod","spec":[{"items":[2]}]}[{"c":1}]"#;

    #[test]
    fn elements_are_found_whatever_the_pieces() {
        let (whole, result) = run(&[LIST.as_bytes()]);
        assert_eq!(result, Ok(()));
        assert_eq!(whole.0, [r#"{"a":"]\"}"}"#, r#"{"b":[{}, [1]]}"#, "3", r#"{"c":1}"#]);
        assert_eq!(whole.1.len(), 3);
        assert_eq!(whole.2, [1, 1, 1, 1, 2, 2, 2]);
        assert_eq!(
            whole.1[0],
            (
                r#"{"apiVersion":"v1", "x":{"items":[1]}, "items" : [], "kind":"PodList"}"#.into(),
                true
            )
        );
        assert!(!whole.1[1].1);
        for cut in 0..LIST.len() {
            let (first, second) = LIST.as_bytes().split_at(cut);
            assert_eq!(
                run(&[first, second]),
                (Found(whole.0.clone(), whole.1.clone(), whole.2.clone()), Ok(())),
                "{cut}"
            );
        }
        let bytes: Vec<&[u8]> = LIST.as_bytes().chunks(1).collect();
        assert_eq!(run(&bytes).0, whole);
    }

    #[test]
    fn managed_fields_are_left_out_whatever_the_pieces() {
        const PODS: &str = r#"{"items": [
            {"metadata": {"name": "a", "managedFields" : [{"f:spec": {"x]": [1, "}\\\""]}}], "uid": "1"},
             "spec": {"managedFields": [1], "metadata": {"managedFields": [2]}}},
            {"managedFields": [3], "metadata": {"managedFields": [], "name": "managedFields"}}]}"#;
        const LEFT: [&str; 2] = [
            r#"{"metadata": {"name": "a", "managedFields" : [], "uid": "1"},
             "spec": {"managedFields": [1], "metadata": {"managedFields": [2]}}}"#,
            r#"{"managedFields": [3], "metadata": {"managedFields": [], "name": "managedFields"}}"#,
        ];
        let run = |pieces: &mut dyn Iterator<Item = &[u8]>| {
            let mut splitter = Splitter::without_lines(Limits::default());
            let mut found = Found::default();
            pieces.for_each(|piece| splitter.feed(piece, &mut found).expect("a list"));
            splitter.finish().expect("all of it");
            found.0
        };
        for size in 1..PODS.len() {
            assert_eq!(run(&mut PODS.as_bytes().chunks(size)), LEFT, "{size}");
        }
        // Where lines are counted they must not move.
        let (lined, _) = super::tests::run(&[PODS.as_bytes()]);
        assert!(lined.0[0].contains("f:spec"));
    }

    #[test]
    fn ends_of_strings_are_found_at_every_place() {
        for at in 0..20 {
            for end in ["\"", "\\\"\"", "\\\\\""] {
                let text = format!("[\"{}{end},1]", "é".repeat(at / 2) + &"x".repeat(at % 2));
                let (found, result) = run(&[text.as_bytes()]);
                assert_eq!((found.0.len(), result), (2, Ok(())), "{text}");
                assert_eq!(found.0[1], "1", "{text}");
            }
        }
    }

    #[test]
    fn a_truncated_list_keeps_what_came_before() {
        let (found, result) = run(&[br#"{"items":[{"a":1},{"b":"#]);
        assert_eq!(found.0, [r#"{"a":1}"#]);
        assert_eq!(result, Err(SplitError::Truncated));
    }

    #[test]
    fn hostile_shapes_are_refused() {
        assert_eq!(run(&[b"hello"]).1, Err(SplitError::Between(b'h')));
        assert_eq!(run(&[b"}"]).1, Err(SplitError::Unbalanced));
        assert_eq!(run(&[&[b'['; 1000]]).1, Err(SplitError::Deep(100)));
    }

    /// Whatever the text, its pieces change nothing, and nothing panics.
    #[test]
    fn pieces_change_nothing_in_any_text() {
        const WORDS: [&str; 16] = [
            "{",
            "}",
            "[",
            "]",
            "\"",
            "\\",
            ":",
            ",",
            " ",
            "1",
            "\n",
            "\"items\":",
            "\"metadata\":",
            "\"managedFields\":",
            "{\"metadata\":{\"managedFields\":[",
            "\"é\"",
        ];
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % below as u64) as usize
        };
        for _ in 0..20_000 {
            let mut text = if random(2) == 0 { "{\"items\":[".to_owned() } else { String::new() };
            for _ in 0..random(40) {
                text.push_str(WORDS[random(WORDS.len())]);
            }
            let lined = random(2) == 0;
            let size = 1 + random(12);
            let run = |size: usize| {
                let mut splitter = match lined {
                    true => Splitter::new(Limits::default()),
                    false => Splitter::without_lines(Limits::default()),
                };
                let mut found = Found::default();
                let mut pieces = text.as_bytes().chunks(size);
                let fed = pieces.try_for_each(|piece| splitter.feed(piece, &mut found));
                (found, fed.and_then(|()| splitter.finish()))
            };
            let whole = run(text.len().max(1));
            assert_eq!(run(size), whole, "{size} of {text}");
        }
    }
}
