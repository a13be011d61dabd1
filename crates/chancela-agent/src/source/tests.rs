//! Real files, programs and permissions.

use super::*;
use std::collections::HashMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use tempfile::{TempDir, tempdir};

fn around(variables: &[(&str, &str)], input: &'static [u8]) -> Surroundings {
    let variables: HashMap<String, OsString> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    Surroundings::new(move |name| variables.get(name).cloned(), input)
}

fn text(source: &str, around: &Surroundings) -> Result<String, SourceError> {
    let source: Source = source.parse().unwrap();
    Ok(source.read(around)?.text()?.expose().to_owned())
}

fn written(folder: &TempDir, name: &str, contents: impl AsRef<[u8]>, mode: u32) -> String {
    let path = folder.path().join(name);
    fs::write(&path, contents).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path.display().to_string()
}

fn nothing() -> Surroundings {
    around(&[], b"")
}

#[test]
fn each_kind_of_source_gives_its_secret() {
    let folder = tempdir().unwrap();
    let file = written(&folder, "cred", "from a file\n", 0o600);
    let directory = folder.path().to_str().unwrap();
    let around =
        around(&[("BANK", "from a variable"), ("CREDENTIALS_DIRECTORY", directory)], b"from input\r\n");
    for (source, expected) in [
        (format!("file:{file}"), "from a file"),
        ("systemd-cred:cred".into(), "from a file"),
        ("env:BANK".into(), "from a variable"),
        ("cmd:printf 'from a %s' program".into(), "from a program"),
        ("stdin".into(), "from input"),
    ] {
        assert_eq!(text(&source, &around).unwrap(), expected, "{source}");
    }
}

#[test]
fn a_literal_secret_is_refused_and_not_repeated() {
    for literal in ["hunter2", "hunter2:x", "", "vault:hunter2", "File:/hunter2", "=hunter2", " stdin"] {
        let refused = literal.parse::<Source>().unwrap_err();
        assert_eq!(refused, SourceSyntaxError::Literal, "{literal}");
        let said = format!("{refused} {refused:?}");
        assert!(!said.contains("hunter2") && said.contains("file:PATH"), "{said}");
    }
    for (wrong, error) in [
        ("file:", SourceSyntaxError::Empty),
        ("env: ", SourceSyntaxError::Empty),
        ("file:~/secret", SourceSyntaxError::Tilde),
        ("env:$BANK", SourceSyntaxError::VariableName),
        ("env:1A", SourceSyntaxError::VariableName),
        ("systemd-cred:../other", SourceSyntaxError::Name),
        ("systemd-cred:..", SourceSyntaxError::Name),
        ("keyring:--help", SourceSyntaxError::Name),
        ("keyring:a\nb", SourceSyntaxError::Name),
        ("cmd:a | b", SourceSyntaxError::Command(CommandLineError::Shell)),
    ] {
        assert_eq!(wrong.parse::<Source>(), Err(error), "{wrong}");
    }
}

#[test]
fn one_line_break_at_the_end_is_not_the_secrets() {
    let folder = tempdir().unwrap();
    for (contents, expected) in
        [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a "), ("a\nb", "a\nb")]
    {
        let file = written(&folder, "s", contents, 0o600);
        assert_eq!(text(&format!("file:{file}"), &nothing()).unwrap(), expected, "{contents:?}");
        let source: Source = format!("file:{file}").parse().unwrap();
        assert_eq!(source.read(&nothing()).unwrap().bytes(), contents.as_bytes());
    }
}

#[test]
fn emptiness_size_and_bytes_are_limited() {
    let folder = tempdir().unwrap();
    let around = around(&[("EMPTY", "")], &[b'x'; MAX_BYTES + 1]);
    let problem = |source: &str| text(source, &around).unwrap_err().problem;
    for (contents, name) in [(&b""[..], "empty"), (b"\n", "line"), (b"\r\n", "return")] {
        let file = written(&folder, name, contents, 0o600);
        assert!(matches!(problem(&format!("file:{file}")), SourceProblem::Empty), "{name}");
    }
    assert!(matches!(problem("env:EMPTY"), SourceProblem::Empty));
    assert!(matches!(problem("cmd:true"), SourceProblem::Empty));
    assert!(matches!(problem("env:ABSENT"), SourceProblem::Unset));
    assert!(matches!(problem("systemd-cred:x"), SourceProblem::NoCredentials));
    let file = written(&folder, "binary", [0xff, 0xfe], 0o600);
    assert!(matches!(problem(&format!("file:{file}")), SourceProblem::NotText));
    let file = written(&folder, "most", vec![b'x'; MAX_BYTES], 0o600);
    assert_eq!(text(&format!("file:{file}"), &around).unwrap().len(), MAX_BYTES);
    let file = written(&folder, "more", vec![b'x'; MAX_BYTES + 1], 0o600);
    assert!(matches!(problem(&format!("file:{file}")), SourceProblem::TooLarge));
    assert!(matches!(problem("stdin"), SourceProblem::TooLarge));
    assert!(matches!(problem("stdin"), SourceProblem::Spent), "what came after is no secret");
}

/// A secret is read for the name of what is kept and again for each request.
#[test]
fn standard_input_gives_its_secret_each_time() {
    let around = around(&[], b"from input\n");
    for _ in 0..3 {
        assert_eq!(text("stdin", &around).unwrap(), "from input");
    }
}

#[test]
fn a_file_that_others_read_is_warned_of_and_one_that_anyone_writes_is_refused() {
    let folder = tempdir().unwrap();
    let around = around(&[("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap())], b"");
    for mode in [0o400, 0o600, 0o700] {
        let source: Source = format!("file:{}", written(&folder, "good", "a", mode)).parse().unwrap();
        assert_eq!(source.read(&around).unwrap().warning(), None, "{mode:o}");
    }
    for mode in [0o640, 0o644, 0o620, 0o604] {
        let file = written(&folder, "open", "a", mode);
        let source: Source = format!("file:{file}").parse().unwrap();
        let reading = source.read(&around).unwrap();
        let said = reading.warning().unwrap().to_string();
        assert_eq!(source.warning().as_ref(), reading.warning(), "and without reading it");
        assert!(said.contains(&format!("{mode:o}")) && said.contains("chmod 0600"), "{said}");
        let credential: Source = "systemd-cred:open".parse().unwrap();
        assert_eq!(credential.read(&around).unwrap().warning(), None);
    }
    let file = written(&folder, "anyone", "a", 0o602);
    for source in [format!("file:{file}"), "systemd-cred:anyone".into()] {
        let refused = text(&source, &around).unwrap_err();
        assert!(matches!(refused.problem, SourceProblem::Writable { mode: 0o602 }), "{refused}");
    }
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let folder = tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [folder.path(), &pipe, Path::new("/dev/null")] {
        let refused = text(&format!("file:{}", path.display()), &nothing()).unwrap_err();
        assert!(matches!(refused.problem, SourceProblem::NotAFile), "{refused}");
    }
    let refused = text("file:/no/such/file", &nothing()).unwrap_err().to_string();
    assert!(refused.starts_with("file:/no/such/file: "), "{refused}");
}

#[test]
fn a_keyring_is_asked_for_the_account_and_no_shell_reads_its_name() {
    let asked = text("keyring:my bank $(id)", &nothing().with_keyring_program("echo")).unwrap();
    assert!(asked.contains(" chancela ") && asked.ends_with(" my bank $(id)"), "{asked}");
    let refused = text("keyring:x", &nothing().with_keyring_program("false")).unwrap_err().to_string();
    assert!(refused.contains("secret-tool store"), "{refused}");
    let absent = text("keyring:x", &nothing().with_keyring_program("/no/such/tool")).unwrap_err();
    assert!(matches!(absent.problem, SourceProblem::NoKeyring(_)), "{absent}");
}

#[test]
fn a_stamp_changes_with_the_secret_and_only_then() {
    let folder = tempdir().unwrap();
    let file = written(&folder, "s", "first", 0o600);
    let source: Source = format!("file:{file}").parse().unwrap();
    let stamp = || source.stamp(&nothing());
    let first = stamp();
    assert_eq!(stamp(), first);
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, "other").unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    assert_ne!(stamp(), first, "though length and time are the same");
    let second = stamp();
    fs::remove_file(&file).unwrap();
    assert_ne!(stamp(), second, "gone");
    for name in ["a", "b"] {
        written(&folder, name, "link", 0o600);
    }
    symlink("a", &file).unwrap();
    let linked = stamp();
    fs::remove_file(&file).unwrap();
    symlink("b", &file).unwrap();
    assert_ne!(stamp(), linked, "a link was swapped");
    let variable: Source = "env:A".parse().unwrap();
    let of = |value| variable.stamp(&around(&[("A", value)], b""));
    assert!(of("x") == of("x") && of("x") != of("y") && of("x") != variable.stamp(&nothing()));
    assert_eq!(format!("{:?}", of("x")), "Stamp(..)");
}

#[test]
fn nothing_that_is_shown_has_a_secret_in_it() {
    let around = around(&[("A", "hunter2")], b"");
    let source: Source = "env:A".parse().unwrap();
    let reading = source.read(&around).unwrap();
    let command: Source = "cmd:curl -u hunter2".parse().unwrap();
    let shown =
        format!("{source:?} {source} {reading:?} {:?} {around:?} {command:?} {command}", reading.text());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(command.to_string(), "cmd:curl");
}
