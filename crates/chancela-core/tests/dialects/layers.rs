//! How one file is laid over another.

use super::{HEAD, acme, try_load};
use chancela_core::dialect::{Dialect, Library};
use proptest::prelude::*;

/// Tables that may stand in any file together.
const TABLES: [&str; 13] = [
    "[token]\nformat = \"uuid\"\nlifetime = 60\n",
    "[response]\nstatus = 201\nheaders = [[\"X-A\", \"b\"]]\n",
    "[response.json]\nnewline = \"\\r\\n\"\nindent = 2\n",
    "[errors]\nmembers = []\n",
    "[errors.code.invalid_client]\nstatus = 403\n",
    "[errors.rule.unknown_scope]\nerror = \"SCOPE\"\n",
    "[scope]\nmax = 3\nwhen_absent = \"none\"\n",
    "[scopes]\n\"pix.read\" = \"Read\"\n",
    "[refresh]\npolicy = \"uses\"\nuses = 3\n",
    "[rate_limit]\nrequests = 5\nperiod = 60\n",
    "[api]\nmutual_tls = true\nheaders = [{ name = \"X-Id\", value = \"client_id\" }]\n",
    "[credentials]\nclient_id = { format = \"hex\", prefix = \"x\", length = 8 }\n",
    "[token_endpoint.other]\npaths = [\"/other\"]\ntoken.lifetime = 90\n",
];

/// All that a dialect says but whose it is.
fn contract(dialect: &Dialect) -> String {
    let Dialect { environments, credentials, scopes, token_endpoints, endpoints, .. } = dialect;
    let Dialect { authorization, certificate_issuance, registration, .. } = dialect;
    format!(
        "{environments:?} {credentials:?} {scopes:?} {token_endpoints:?} {endpoints:?} {authorization:?} \
         {certificate_issuance:?} {registration:?}"
    )
}

proptest! {
    #[test]
    fn an_empty_file_laid_over_another_changes_nothing(tables in proptest::sample::subsequence(TABLES.to_vec(), 0..=13)) {
        let base = format!("{HEAD}{}", tables.concat());
        let alone = try_load(&[("acme", &base)]).unwrap();
        let over = try_load(&[("acme", "name = \"acme\"\nextends = \"below\""), ("below", &base)]).unwrap();
        prop_assert_eq!(contract(&alone), contract(&over));
    }

    #[test]
    fn a_file_laid_over_itself_changes_nothing(tables in proptest::sample::subsequence(TABLES.to_vec(), 0..=13)) {
        let base = format!("{HEAD}{}", tables.concat());
        let alone = try_load(&[("acme", &base)]).unwrap();
        let over = try_load(&[("acme", &format!("extends = \"below\"\n{base}")), ("below", &base)]).unwrap();
        prop_assert_eq!(contract(&alone), contract(&over));
    }

    #[test]
    fn the_order_of_tables_in_a_file_means_nothing(tables in Just(TABLES.to_vec()).prop_shuffle()) {
        prop_assert_eq!(contract(&acme(&TABLES.concat())), contract(&acme(&tables.concat())));
    }
}

#[test]
fn every_built_in_file_reads_back_from_what_was_read() {
    let library = Library::builtin();
    for name in library.names() {
        let dialect = library.load(name).unwrap();
        let mut file = dialect.file.clone();
        file.extends = None;
        file.marks.clear();
        let text = toml::to_string(&file).unwrap();
        let mut again = Library::default();
        again.add(name, "again.toml", &text);
        let again = again.load(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(contract(&again), contract(&dialect), "{name}");
    }
}

#[test]
fn tables_are_merged_and_lists_are_replaced() {
    let base = "[response]\nheaders = [[\"X-A\", \"1\"], [\"X-B\", \"2\"]]\ntoken_type = \"T\"\n[errors.code.invalid_client]\nstatus = 400\n";
    let child = format!(
        "extends = \"base/e\"\n{HEAD}[response]\nheaders = [[\"X-C\", \"3\"]]\n[errors.code.invalid_scope]\nstatus = 422\n"
    );
    let dialect = try_load(&[("acme", &child), ("base/e", base)]).unwrap();
    let endpoint = dialect.token_endpoint("token").unwrap();
    assert_eq!(endpoint.response.headers, [["X-C".to_owned(), "3".to_owned()]]);
    assert_eq!(endpoint.response.token_type, "T");
    assert_eq!(endpoint.errors.code.len(), 2);
}

#[test]
fn an_endpoints_own_tables_lie_over_the_files() {
    let dialect = acme(
        "[token]\nlifetime = 60\nheader = \"X-T\"\n[token_endpoint.other]\npaths = [\"/other\"]\ntoken.lifetime = 90\n",
    );
    let lifetime = |name| {
        dialect.token_endpoint(name).map(|endpoint| (endpoint.token.lifetime, endpoint.token.header.clone()))
    };
    assert_eq!(lifetime("token"), Some((60, "X-T".to_owned())));
    assert_eq!(lifetime("other"), Some((90, "X-T".to_owned())));
}

#[test]
fn marks_of_a_base_file_stay_the_bases() {
    let base = "name = \"base/e\"\n[token]\nlifetime = 60\n[marks]\n\"token.lifetime\" = \"recorded\"\n";
    let child = format!("extends = \"base/e\"\n{HEAD}[marks]\nextends = \"inferred\"\n");
    let dialect = try_load(&[("acme", &child), ("base/e", base)]).unwrap();
    let marks: Vec<(&str, &str)> =
        dialect.marks.iter().map(|(file, key, _)| (file.as_str(), key.as_str())).collect();
    assert_eq!(marks, [("acme", "extends"), ("base/e", "token.lifetime")]);
}
