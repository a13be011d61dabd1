//! The CBOR (RFC 8949) of authenticators: CTAP2's canonical subset (definite lengths, integers, byte and text strings,
//! arrays, maps, booleans, null), read in place. Total: any bytes give a value or nothing, in bounded depth.

/// Deepest nesting: CTAP2 allows four levels (its section 8), attestation statements stay below it.
const MAX_DEPTH: usize = 8;
/// Most entries of one array or map; each takes a byte at least, so this bounds work, not memory.
const MAX_ENTRIES: u64 = 64;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// Major types 0 and 1.
    Integer(i64),
    /// Major type 2.
    Bytes(&'a [u8]),
    /// Major type 3.
    Text(&'a str),
    /// Major type 4.
    Array(Vec<Self>),
    /// Major type 5; no key occurs twice.
    Map(Vec<(Self, Self)>),
    /// Booleans, null and undefined: nothing here asks which.
    Simple,
}

impl<'a> Value<'a> {
    /// The value of a map's text key.
    pub fn member(&self, name: &str) -> Option<&Self> {
        self.find(|key| matches!(key, Self::Text(text) if *text == name))
    }

    /// The value of a map's integer key.
    pub fn label(&self, label: i64) -> Option<&Self> {
        self.find(|key| *key == Self::Integer(label))
    }

    /// The bytes of a byte string.
    pub const fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The integer.
    pub const fn integer(&self) -> Option<i64> {
        if let Self::Integer(integer) = self { Some(*integer) } else { None }
    }

    fn find(&self, is: impl Fn(&Self) -> bool) -> Option<&Self> {
        let Self::Map(members) = self else { return None };
        members.iter().find(|(key, _)| is(key)).map(|(_, value)| value)
    }
}

/// Reads one value from the beginning of `bytes`; the value and what follows it.
pub fn read(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(0)?;
    Some((value, reader.rest))
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let first = *self.take(1)?.first()?;
        let (major, low) = (first >> 5, first & 31);
        if major == 7 {
            return matches!(low, 20..=23).then_some(Value::Simple);
        }
        let argument = self.argument(low)?;
        match major {
            0 => Some(Value::Integer(i64::try_from(argument).ok()?)),
            1 => Some(Value::Integer(-1 - i64::try_from(argument).ok()?)),
            2 => self.take(argument).map(Value::Bytes),
            3 => std::str::from_utf8(self.take(argument)?).ok().map(Value::Text),
            4 => {
                let items = (0..entries(argument)?).map(|_| self.value(depth + 1));
                items.collect::<Option<_>>().map(Value::Array)
            }
            5 => self.map(entries(argument)?, depth),
            _ => None,
        }
    }

    fn map(&mut self, entries: u64, depth: usize) -> Option<Value<'a>> {
        let mut members: Vec<(Value<'a>, Value<'a>)> = Vec::new();
        for _ in 0..entries {
            let key = self.value(depth + 1)?;
            // A second meaning for one key is how two readers come to disagree.
            if members.iter().any(|(known, _)| *known == key) {
                return None;
            }
            members.push((key, self.value(depth + 1)?));
        }
        Some(Value::Map(members))
    }

    /// The number that a first byte announces. Indefinite lengths (31) are not CTAP2's.
    fn argument(&mut self, low: u8) -> Option<u64> {
        let length = match low {
            0..=23 => return Some(u64::from(low)),
            24..=27 => 1_u64 << (low - 24),
            _ => return None,
        };
        Some(self.take(length)?.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(taken)
    }
}

const fn entries(announced: u64) -> Option<u64> {
    if announced <= MAX_ENTRIES { Some(announced) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::hex;
    use proptest::prelude::*;

    fn bytes(text: &str) -> Vec<u8> {
        (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
    }

    /// RFC 8949 appendix A.
    #[test]
    fn values_are_read_as_rfc_8949_writes_them() {
        for (text, value) in [
            ("00", Value::Integer(0)),
            ("17", Value::Integer(23)),
            ("1818", Value::Integer(24)),
            ("1a000f4240", Value::Integer(1_000_000)),
            ("20", Value::Integer(-1)),
            ("390100", Value::Integer(-257)),
            ("4401020304", Value::Bytes(&[1, 2, 3, 4])),
            ("6449455446", Value::Text("IETF")),
            ("f5", Value::Simple),
            ("83010203", Value::Array(vec![Value::Integer(1), Value::Integer(2), Value::Integer(3)])),
        ] {
            assert_eq!(read(&bytes(text)), Some((value, &[][..])), "{text}");
        }
        let map = bytes("a26161016162820203ff");
        let (value, rest) = read(&map).unwrap();
        assert_eq!((value.member("a"), rest), (Some(&Value::Integer(1)), &[0xff][..]));
    }

    #[test]
    fn what_ctap2_does_not_write_is_not_read() {
        for text in [
            "",
            "18",
            "4401",
            "61ff",
            "5f42010243030405ff",
            "9f01ff",
            "bfff",
            "c11a514b67b0",
            "fb3ff199999999999a",
            "1bffffffffffffffff",
            "a2010203",
            "a201010102",
            "9b7fffffffffffffff",
            "bb7fffffffffffffff",
            "1c",
            "5b7fffffffffffffff",
            "9841",
        ] {
            assert_eq!(read(&bytes(text)), None, "{text}");
        }
        assert!(read(&[&[0x81; MAX_DEPTH][..], &[0][..]].concat()).is_some());
        assert_eq!(read(&[&[0x81; MAX_DEPTH + 1][..], &[0][..]].concat()), None);
        assert_eq!(read(&[0x81; 100_000]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_value_or_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some((_, rest)) = read(&bytes) {
                prop_assert!(bytes.ends_with(rest), "{}", hex(&bytes));
            }
        }
    }
}
