//! Writes small JSON bodies in a dialect's layout. Reading JSON is `message::body`'s.

use super::JsonLayout;

/// A JSON writer that appends to one buffer. Nesting is the caller's: each `begin_…` has its `end_…`.
#[derive(Debug)]
pub struct Writer<'a> {
    out: Vec<u8>,
    layout: &'a JsonLayout,
    depth: usize,
    empty: bool,
}

impl<'a> Writer<'a> {
    /// A writer in `layout`.
    pub fn new(layout: &'a JsonLayout) -> Self {
        Self::over(Vec::with_capacity(1024), layout)
    }

    /// A writer that appends to `out`.
    pub const fn over(out: Vec<u8>, layout: &'a JsonLayout) -> Self {
        Self { out, layout, depth: 0, empty: true }
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// `{`
    pub fn begin_object(&mut self) {
        self.open(b'{');
    }

    /// `}`
    pub fn end_object(&mut self) {
        self.close(b'}');
    }

    /// `[`
    pub fn begin_array(&mut self) {
        self.open(b'[');
    }

    /// `]`
    pub fn end_array(&mut self) {
        self.close(b']');
    }

    /// A member's name; its value must follow.
    pub fn key(&mut self, name: &str) {
        self.next();
        self.quoted(name);
        self.out.push(b':');
        if self.layout.space_after_colon {
            self.out.push(b' ');
        }
    }

    /// A text value.
    pub fn string(&mut self, text: &str) {
        self.quoted(text);
    }

    /// A number value.
    pub fn number(&mut self, number: i64) {
        let mut buffer = [0_u8; 20];
        let mut at = buffer.len();
        let mut rest = number.unsigned_abs();
        loop {
            at -= 1;
            buffer[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            self.out.push(b'-');
        }
        self.out.extend_from_slice(&buffer[at..]);
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, value: bool) {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// An array of texts, on one line.
    pub fn strings<'t>(&mut self, texts: impl Iterator<Item = &'t str>) {
        self.out.push(b'[');
        for (n, text) in texts.enumerate() {
            if n > 0 {
                self.out.push(b',');
            }
            self.quoted(text);
        }
        self.out.push(b']');
    }

    /// Starts the next element of an array.
    pub fn next(&mut self) {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        self.line_break();
    }

    fn open(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.depth += 1;
        self.empty = true;
    }

    fn close(&mut self, bracket: u8) {
        self.depth = self.depth.saturating_sub(1);
        if !self.empty {
            self.line_break();
        }
        self.empty = false;
        self.out.push(bracket);
    }

    fn line_break(&mut self) {
        if !self.layout.newline.is_empty() {
            self.out.extend_from_slice(self.layout.newline.as_bytes());
            let spaces = self.depth * usize::from(self.layout.indent);
            self.out.resize(self.out.len() + spaces, b' ');
        }
    }

    fn quoted(&mut self, text: &str) {
        self.out.push(b'"');
        let mut rest = text.as_bytes();
        while let Some(at) = rest.iter().position(|b| *b < 0x20 || *b == b'"' || *b == b'\\') {
            let (plain, tail) = rest.split_at(at);
            self.out.extend_from_slice(plain);
            match tail[0] {
                b'"' => self.out.extend_from_slice(b"\\\""),
                b'\\' => self.out.extend_from_slice(b"\\\\"),
                b'\n' => self.out.extend_from_slice(b"\\n"),
                b'\r' => self.out.extend_from_slice(b"\\r"),
                b'\t' => self.out.extend_from_slice(b"\\t"),
                control => {
                    self.out.extend_from_slice(b"\\u00");
                    self.out.extend_from_slice(crate::secret::hex(&[control]).as_bytes());
                }
            }
            rest = &tail[1..];
        }
        self.out.extend_from_slice(rest);
        self.out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_layout_with_crlf_and_two_spaces_is_kept_to_the_byte() {
        let layout = JsonLayout { newline: "\r\n".into(), indent: 2, space_after_colon: false };
        let mut writer = Writer::new(&layout);
        writer.begin_object();
        writer.key("a");
        writer.string("b");
        writer.key("c");
        writer.number(-420);
        writer.end_object();
        assert_eq!(writer.into_bytes(), b"{\r\n  \"a\":\"b\",\r\n  \"c\":-420\r\n}");
    }

    proptest! {
        #[test]
        fn any_text_reads_back_as_it_was(name in ".*", text in ".*", number: i64, indent in 0_u8..4) {
            let layout = JsonLayout { newline: "\n".into(), indent, space_after_colon: true };
            let mut writer = Writer::new(&layout);
            writer.begin_object();
            writer.key(&name);
            writer.begin_array();
            writer.next();
            writer.string(&text);
            writer.next();
            writer.number(number);
            writer.next();
            writer.strings([text.as_str(), ""].into_iter());
            writer.end_array();
            writer.end_object();
            let read: serde_json::Value = serde_json::from_slice(&writer.into_bytes()).unwrap();
            prop_assert_eq!(read, serde_json::json!({ name: [text.clone(), number, [text, ""]] }));
        }
    }
}
