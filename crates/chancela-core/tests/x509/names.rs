//! Distinguished names: requirements H-14 and H-15, attack CA-18.

use chancela_core::x509::name::Attribute;
use chancela_core::x509::{Certificate, DistinguishedName, NameError};
use proptest::prelude::*;

const NAMES: &str = include_str!("fixtures/names.txt");

fn certificate(name: &str) -> Certificate {
    let text = match name {
        "victim" => include_str!("fixtures/victim.pem"),
        "victim_printable" => include_str!("fixtures/victim_printable.pem"),
        "victim_upper" => include_str!("fixtures/victim_upper.pem"),
        "victim_bmp" => include_str!("fixtures/victim_bmp.pem"),
        "victim_reordered" => include_str!("fixtures/victim_reordered.pem"),
        "comma" => include_str!("fixtures/comma.pem"),
        "multi" => include_str!("fixtures/multi.pem"),
        "multi_reordered" => include_str!("fixtures/multi_reordered.pem"),
        "multi_apart" => include_str!("fixtures/multi_apart.pem"),
        "accents" => include_str!("fixtures/accents.pem"),
        "openfinance" => include_str!("fixtures/openfinance.pem"),
        "unknown_type" => include_str!("fixtures/unknown_type.pem"),
        other => panic!("no fixture {other}"),
    };
    Certificate::parse_pem_chain(text).unwrap().remove(0)
}

fn subject(name: &str) -> DistinguishedName {
    certificate(name).subject
}

fn parse(text: &str) -> DistinguishedName {
    DistinguishedName::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Text of the most specific attribute of this type.
fn text_of<'a>(name: &'a DistinguishedName, oid: &str) -> Option<&'a str> {
    name.attributes().filter(|attribute| attribute.oid() == oid).filter_map(Attribute::text).last()
}

/// A name of one common name per relative name, with this string type.
fn der(tag: u8, values: &[&[u8]]) -> Vec<u8> {
    let tlv = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
    let rdns = values.iter().flat_map(|value| {
        let attribute = [vec![6, 3, 0x55, 4, 3], tlv(tag, value)].concat();
        tlv(0x31, &tlv(0x30, &attribute))
    });
    tlv(0x30, &rdns.collect::<Vec<u8>>())
}

fn common_name(tag: u8, value: &[u8]) -> DistinguishedName {
    DistinguishedName::parse_der(&der(tag, &[value])).unwrap()
}

/// The expected texts were printed by `openssl x509 -nameopt RFC2253,-esc_msb`.
#[test]
fn names_are_written_as_openssl_writes_them_and_read_back() {
    assert!(NAMES.lines().count() >= 12);
    for line in NAMES.lines() {
        let (name, expected) = line.split_once('\t').unwrap();
        let subject = subject(name);
        assert_eq!(subject.to_rfc4514(), expected.replace("=#0C", "=#0c"), "{name}");
        assert!(parse(expected).matches(&subject), "{name}");
    }
}

/// CA-18, H-14.
#[test]
fn only_names_that_are_equal_by_rfc_4514_match() {
    let victim = parse("CN=victim,O=Banco Exemplo,C=BR");
    for same in ["victim", "victim_printable", "victim_upper", "victim_bmp"] {
        assert!(victim.matches(&subject(same)), "{same}");
        assert!(subject(same).matches(&victim), "{same}");
    }
    for other in
        ["victim_reordered", "comma", "multi", "multi_apart", "openfinance", "accents", "unknown_type"]
    {
        assert!(!victim.matches(&subject(other)), "{other}");
        assert!(!subject(other).matches(&victim), "{other}");
    }
}

/// CA-18: order counts between relative names and not inside one.
#[test]
fn the_attributes_of_one_relative_name_have_no_order() {
    let multi = subject("multi");
    assert!(multi.matches(&subject("multi_reordered")));
    for same in ["CN=victim+UID=7,O=Banco Exemplo,C=BR", "UID=7 + CN=VICTIM , O=banco exemplo , C=BR"] {
        assert!(parse(same).matches(&multi), "{same}");
    }
    for other in [
        "CN=victim,UID=7,O=Banco Exemplo,C=BR",
        "CN=victim+UID=7+UID=7,O=Banco Exemplo,C=BR",
        "CN=victim,O=Banco Exemplo,C=BR",
        "CN=7+UID=victim,O=Banco Exemplo,C=BR",
        "C=BR,O=Banco Exemplo,CN=victim+UID=7",
    ] {
        assert!(!parse(other).matches(&multi), "{other}");
    }
}

/// CA-18: a NUL, a line break, an invisible character or a byte that is no text matches nothing.
#[test]
fn names_with_control_characters_match_nothing_not_even_themselves() {
    for bad in [
        &b"victim\0"[..],
        b"victim\0.evil.example",
        b"\nvictim",
        b"victim\x7f",
        b"vic\xe2\x80\x8btim",
        b"\xe2\x80\xaevictim",
        b"victim\xff",
    ] {
        let name = common_name(12, bad);
        assert!(!name.matches(&name), "{bad:?}");
        assert!(!name.matches(&common_name(12, b"victim")), "{bad:?}");
        assert!(!name.to_rfc4514().chars().any(char::is_control), "{bad:?}");
    }
    assert!(common_name(12, b"victim").matches(&common_name(12, b"victim")));
}

/// H-15: whatever the ASN.1 string type.
#[test]
fn the_string_type_does_not_count() {
    let utf8 = common_name(12, "São Paulo".as_bytes());
    let latin = common_name(20, b"S\xe3o Paulo");
    let bmp: Vec<u8> = "São Paulo".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let universal: Vec<u8> = "São Paulo".chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
    for other in
        [&latin, &common_name(30, &bmp), &common_name(28, &universal), &parse("cn=s\\c3\\a3O  PAULO")]
    {
        assert!(utf8.matches(other), "{other}");
    }
    // The same letters in decomposed form, in full width, and with a capital sharp s.
    assert!(common_name(12, "Sa\u{303}o Paulo".as_bytes()).matches(&utf8));
    assert!(common_name(12, "Ｓão Paulo".as_bytes()).matches(&utf8));
    assert!(parse("CN=STRASSE").matches(&parse("CN=Straße")));
    assert!(!parse("CN=ıd").matches(&parse("CN=id")));
    // A value that is not a string is the same only bit for bit.
    assert!(parse("2.999.1=#020105").matches(&parse("2.999.1=#020105")));
    assert!(!parse("2.999.1=#020105").matches(&parse("2.999.1=#020106")));
    // Odd numbers of bytes, surrogates and what is beyond Unicode are no text.
    for (tag, bad) in [(30, &b"\0"[..]), (30, b"\xd8\0"), (28, b"\0\x11\0\0"), (28, b"\0\0\0"), (22, b"\xe3")]
    {
        let name = common_name(tag, bad);
        assert!(!name.matches(&name), "{tag} {bad:?}");
    }
}

/// H-15: the forms of Open Finance Brasil's registration, word for word and in hexadecimal.
#[test]
fn open_finance_names_are_read_in_every_form() {
    let holder = subject("openfinance");
    let organisation = "OFBBR-d7384bd0-842f-43c5-be02-9d2b2d5efc2c";
    let hex = |tag: u8, text: &str| {
        let digits: String = text.bytes().map(|b| format!("{b:02X}")).collect();
        format!("#{tag:02x}{:02x}{digits}", text.len())
    };
    let rest = "O=Exemplo SA,L=SAO PAULO,ST=SP,C=BR";
    let named = format!(
        "CN=api.exemplo.com.br,UID=67c57882-043b-11ec-9a03-0242ac130003,organizationIdentifier={organisation},{rest},\
         serialNumber=00000000000191,jurisdictionCountryName=BR,businessCategory=PRIVATE ORGANIZATION"
    );
    assert!(parse(&named).matches(&holder));
    for (utf8, printable) in [(12, 19), (19, 12)] {
        let dotted = format!(
            "cn=api.exemplo.com.br,0.9.2342.19200300.100.1.1={},2.5.4.97={},{rest},2.5.4.5={},\
             1.3.6.1.4.1.311.60.2.1.3={},OID.2.5.4.15={}",
            hex(utf8, "67c57882-043b-11ec-9a03-0242ac130003"),
            hex(utf8, organisation),
            hex(printable, "00000000000191"),
            hex(printable, "BR"),
            hex(utf8, "Private Organization"),
        );
        assert!(parse(&dotted).matches(&holder), "{dotted}");
    }
    assert!(!parse(&named.replace("00191", "00192")).matches(&holder));
    assert_eq!(text_of(&holder, "2.5.4.97"), Some(organisation));
    assert_eq!(text_of(&holder, "2.5.4.42"), None);
}

/// RFC 4514 §4.
#[test]
fn the_examples_of_rfc_4514_are_read() {
    let text = |name: &str, oid| text_of(&parse(name), oid).map(str::to_owned);
    assert_eq!(parse("UID=jsmith,DC=example,DC=net").attributes().count(), 3);
    assert_eq!(text("OU=Sales+CN=J.  Smith,DC=example,DC=net", "2.5.4.3").unwrap(), "J.  Smith");
    assert_eq!(
        text(r#"CN=James \"Jim\" Smith\, III,DC=net"#, "2.5.4.3").unwrap(),
        r#"James "Jim" Smith, III"#
    );
    assert_eq!(text("1.3.6.1.4.1.1466.0=#04024869", "1.3.6.1.4.1.1466.0"), None);
    assert_eq!(text(r"CN=Lu\C4\8Di\C4\87", "2.5.4.3").unwrap(), "Lučić");
    assert_eq!(text(r"CN=\ a\ ", "2.5.4.3").unwrap(), " a ");
    assert_eq!(text("CN=a=b", "2.5.4.3").unwrap(), "a=b");
}

#[test]
fn what_is_no_name_is_refused_with_its_reason() {
    let long = format!("CN={}", "a".repeat(16 * 1024));
    let many = vec!["CN=a"; 65].join(",");
    for (text, expected) in [
        ("", NameError::Empty),
        ("   ", NameError::Empty),
        ("/C=BR/O=x", NameError::SlashForm),
        ("CN", NameError::Malformed),
        ("CN=a,", NameError::Malformed),
        ("CN=a;O=b", NameError::Malformed),
        ("CN=\"a\"", NameError::Malformed),
        ("CN=a,,O=b", NameError::Malformed),
        ("CNN=a", NameError::UnknownAttributeType),
        ("=a", NameError::UnknownAttributeType),
        ("2.5.4.03=a", NameError::UnknownAttributeType),
        ("3.1=a", NameError::UnknownAttributeType),
        ("2=a", NameError::UnknownAttributeType),
        ("1.40=a", NameError::UnknownAttributeType),
        ("CN=a\\", NameError::BadEscape),
        ("CN=a\\x", NameError::BadEscape),
        ("CN=\\ff", NameError::BadEscape),
        ("CN=#", NameError::BadValue),
        ("CN=#0c", NameError::BadValue),
        ("CN=#0c0261", NameError::BadValue),
        ("CN=#0c0161ff", NameError::BadValue),
        ("CN=#0c01ff", NameError::BadValue),
        ("CN=#zz", NameError::BadValue),
        ("CN=a\\00", NameError::NotPlain),
        ("CN=a\u{200b}", NameError::NotPlain),
        ("CN=#0c0100", NameError::NotPlain),
        (&long, NameError::TooLong),
        (&many, NameError::TooManyAttributes),
    ] {
        assert_eq!(DistinguishedName::parse(text).err(), Some(expected), "{text:.40}");
    }
    let most = vec!["CN=a"; 64].join(",");
    assert!(DistinguishedName::parse(&most).is_ok());
}

#[test]
fn names_in_der_are_bounded_and_may_be_empty() {
    let values: Vec<&[u8]> = vec![b"a"; 2];
    assert!(DistinguishedName::parse_der(&der(12, &values)).is_ok());
    let empty = DistinguishedName::parse_der(&[0x30, 0]).unwrap();
    assert!(empty.is_empty() && !empty.matches(&empty));
    for bad in [&[][..], &[0x30, 1], &[0x30, 0, 0], &[0x31, 0], b"CN=a"] {
        assert_eq!(DistinguishedName::parse_der(bad).err(), Some(NameError::NotDer), "{bad:?}");
    }
    let one = &der(12, &[b"a"])[2..];
    let wrap = |rdns: Vec<u8>| {
        let length = u16::try_from(rdns.len()).unwrap().to_be_bytes();
        [&[0x30, 0x82, length[0], length[1]], &*rdns].concat()
    };
    assert!(DistinguishedName::parse_der(&wrap(one.repeat(64))).is_ok());
    let many = DistinguishedName::parse_der(&wrap(one.repeat(65)));
    assert_eq!(many.err(), Some(NameError::TooManyAttributes));
    assert_eq!(DistinguishedName::parse_der(&wrap(one.repeat(2000))).err(), Some(NameError::TooLong));
}

proptest! {
    /// The law that the fuzz target checks too.
    #[test]
    fn a_name_that_was_read_is_read_back_the_same(
        text in "((CN|o|2\\.5\\.4\\.97|2\\.999)=(#0c0161|[ -~à-ü\\\\,+]{0,12})[,+]?){1,4}|\\PC{0,40}"
    ) {
        if let Ok(name) = DistinguishedName::parse(&text) {
            let written = name.to_rfc4514();
            let again = DistinguishedName::parse(&written);
            prop_assert!(again.is_ok_and(|again| again.matches(&name) && again.to_rfc4514() == written));
        }
    }

    /// Whatever stands in one value, it is one value.
    #[test]
    fn a_value_never_becomes_another_attribute(value in "[ -~à-ü]{1,30}") {
        let name = common_name(12, value.as_bytes());
        let again = DistinguishedName::parse(&name.to_rfc4514()).unwrap();
        prop_assert_eq!(text_of(&again, "2.5.4.3"), Some(&*value));
        prop_assert_eq!(again.attributes().count(), 1);
    }

    #[test]
    fn no_bytes_make_the_reader_of_names_fail(der in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(name) = DistinguishedName::parse_der(&der) {
            let _ = (name.to_rfc4514(), name.matches(&name));
        }
    }
}
