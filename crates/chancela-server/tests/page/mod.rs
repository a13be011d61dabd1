//! The pages people see: what is escaped, what the headers forbid, which language one gets. How they look and whether
//! they are accessible is checked by `tests/browser/`.

mod samples;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chancela_server::page::{
    CookiesOff, Failure, FailureReason, FormPost, Frame, Locale, Login, LoginProblem, Page, Shown, SignedOut,
    TooMany, moment,
};
use http::{Response, StatusCode};

fn body(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

fn header<'a>(response: &'a Response<Bytes>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn directive<'a>(response: &'a Response<Bytes>, name: &str) -> &'a str {
    let mut directives = header(response, "content-security-policy").split("; ");
    directives.find_map(|directive| directive.strip_prefix(name)?.strip_prefix(' ')).unwrap_or("")
}

fn all() -> impl Iterator<Item = (&'static str, Response<Bytes>)> {
    Locale::ALL.into_iter().flat_map(samples::all)
}

/// What stands between the first `<tag>` and `</tag>`.
fn inside<'a>(markup: &'a str, tag: &str) -> Option<&'a str> {
    let (_, rest) = markup.split_once(&format!("<{tag}>"))?;
    rest.split_once(&format!("</{tag}>")).map(|(text, _)| text)
}

fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, text.as_bytes())))
}

/// B-15, B-16.
#[test]
fn every_page_has_the_headers() {
    for (name, response) in all() {
        assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8", "{name}");
        assert_eq!(header(&response, "x-frame-options"), "DENY", "{name}");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer", "{name}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{name}");
        assert_eq!(header(&response, "cache-control"), "no-store", "{name}");
        assert!(header(&response, "permissions-policy").contains("camera=()"), "{name}");
        assert_eq!(directive(&response, "default-src"), "'none'", "{name}");
        assert_eq!(directive(&response, "frame-ancestors"), "'none'", "{name}");
        assert_eq!(directive(&response, "base-uri"), "'none'", "{name}");
        assert!(!directive(&response, "form-action").is_empty(), "{name}");
        assert!(!header(&response, "content-security-policy").contains("unsafe"), "{name}");
    }
}

///
#[test]
fn an_https_issuer_keeps_the_browser_there() {
    let page = |https| CookiesOff { frame: Frame::new(Locale::En, "Bank", https), next: "/".to_owned() };
    assert!(header(&page(true).respond(), "strict-transport-security").starts_with("max-age=63072000"));
    assert_eq!(header(&page(false).respond(), "strict-transport-security"), "");
}

/// B-15: only what we wrote runs, and each page allows only its own.
#[test]
fn the_policy_allows_exactly_the_inlined_style_and_script() {
    for (name, response) in all() {
        let markup = body(&response);
        assert_eq!(markup.matches("<style").count(), 1, "{name}");
        assert_eq!(directive(&response, "style-src"), hash(inside(markup, "style").unwrap()), "{name}");
        let script = inside(markup, "script").map(hash).unwrap_or_default();
        assert_eq!(directive(&response, "script-src"), script, "{name}");
        assert_eq!(markup.matches("<script").count(), usize::from(!script.is_empty()), "{name}");
    }
}

/// B-16.
#[test]
fn no_page_loads_anything() {
    for (name, response) in all() {
        let markup = body(&response);
        assert!(!markup.contains(" style=\"") && !markup.contains("javascript:"), "{name}");
        for address in markup.split(" src=\"").skip(1) {
            assert!(name.starts_with("signed-out"), "{name}: {address}");
        }
        for link in markup.split("<link ").skip(1) {
            assert!(link.contains("href=\"data:"), "{name}");
        }
        assert!(!inside(markup, "style").unwrap().contains("url("), "{name}");
    }
}

/// XS-01, M-07.
#[test]
fn what_others_wrote_is_text_and_turns_nothing_around() {
    let hostile = "<img src=x onerror=alert(1)>\u{202e}{{7*7}} ${7*7} \"'\u{0}\u{200f}\u{2066}";
    let mut page = samples::consent(Locale::En);
    page.client = hostile.into();
    page.person.name = hostile.into();
    page.person.username = hostile.into();
    page.frame.realm = hostile.into();
    page.leads_to = "https://app.example\"><script>alert(1)</script>/cb".to_owned();
    page.switch_account = Some("/authorize?x=\"><script>".to_owned());
    page.scopes = vec![samples::scope(hostile, &[], false), samples::scope("a", &[hostile], true)];
    let response = page.respond();
    let markup = body(&response);
    assert!(!markup.contains("<img") && !markup.contains("<script"), "{markup}");
    assert!(markup.contains("{{7*7}}") && markup.contains("${7*7}"));
    assert!(!markup.contains(['\u{202e}', '\u{0}', '\u{200f}', '\u{2066}']));
    assert!(
        markup.contains("<bdi>&#60;img src=x onerror=alert(1)&#62;"),
        "names stand in a direction of their own"
    );
}

/// XS-01: `login_hint` comes from the request.
#[test]
fn a_prefilled_username_stays_in_its_attribute() {
    let page = Login { username: "\" autofocus onfocus=\"alert(1)".into(), ..samples::login(Locale::En) };
    let response = page.respond();
    assert!(body(&response).contains("value=\"&#34; autofocus onfocus=&#34;alert(1)\""));
}

/// XS-03.
#[test]
fn a_posted_response_is_encoded_as_attributes() {
    let page = FormPost {
        frame: samples::frame(Locale::En),
        action: "https://app.example/cb?a=1&b=\"><script>".to_owned(),
        fields: vec![("state".to_owned(), "\"><script>alert(1)</script>".to_owned())],
        client: "App".into(),
    };
    let response = page.respond();
    let markup = body(&response);
    assert!(markup.contains("value=\"&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;\""));
    assert_eq!(markup.matches("<script").count(), 1, "ours, allowed by its hash");
}

#[test]
fn text_of_others_has_an_end() {
    assert_eq!(Shown::from("a".repeat(500)).as_str().chars().count(), 201);
    assert_eq!(Shown::from("  Olá, João\u{200d}\u{feff}\n").as_str(), "  Olá, João");
}

/// B-15: a redirect URI is registered, but what ends in a header is checked all the same.
#[test]
fn a_form_may_lead_to_its_redirect_uri_and_nothing_else_enters_the_policy() {
    let lead = |address: &str| {
        let page = Login { leads_to: Some(address.to_owned()), ..samples::login(Locale::En) };
        directive(&page.respond(), "form-action").to_owned()
    };
    assert_eq!(lead("https://app.example/cb"), "'self' https:");
    assert_eq!(lead("http://127.0.0.1:5123/cb"), "'self' https: http://127.0.0.1:5123");
    assert_eq!(lead("http://localhost?x"), "'self' https: http://localhost");
    assert_eq!(lead("http://[::1]:5123/cb"), "'self' https: http:");
    assert_eq!(lead("com.example.App:/cb"), "'self' https: com.example.app:");
    for hostile in [
        "http://a b/",
        "http://a;script-src *",
        "http://a,b",
        "http://user@a/",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "x y:z",
        "no address",
        "http:",
        "é:x",
    ] {
        assert_eq!(lead(hostile), "'self' https:", "{hostile}");
    }
}

#[test]
fn a_page_without_forms_sends_none() {
    let response = samples::failure(Locale::En, FailureReason::Address).respond();
    assert_eq!(directive(&response, "form-action"), "'none'");
    assert_eq!(directive(&samples::account(Locale::En).respond(), "form-action"), "'self'");
}

#[test]
fn logout_frames_may_show_the_applications_that_are_told() {
    let page = SignedOut {
        frame: samples::frame(Locale::En),
        frames: vec![
            "https://b.example/out?sid=1".to_owned(),
            "https://a.example:8443/out".to_owned(),
            "https://b.example/other".to_owned(),
        ],
        next: None,
        client: None,
    };
    let response = page.respond();
    assert_eq!(directive(&response, "frame-src"), "https://a.example:8443 https://b.example");
    assert_eq!(body(&response).matches("<iframe").count(), 3);
    assert_eq!(directive(&samples::login(Locale::En).respond(), "frame-src"), "");
}

#[test]
fn a_wait_has_its_status_and_says_how_long() {
    let page = Login { problem: Some(LoginProblem::Wait(45)), ..samples::login(Locale::PtBr) };
    let response = page.respond();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header(&response, "retry-after"), "45");
    assert!(body(&response).contains("Aguarde 45 segundos e tente de novo."));
    let page = TooMany { frame: samples::frame(Locale::En), seconds: 121, next: None };
    assert!(body(&page.respond()).contains("Wait 3 minutes and try again."));
}

/// B-07: the page names what went wrong, and nothing that the request said.
#[test]
fn every_failure_has_words_in_both_languages() {
    let mut titles = Vec::new();
    for locale in Locale::ALL {
        for reason in FailureReason::ALL {
            let page = Failure { detail: None, ..samples::failure(locale, reason) };
            let response = page.respond();
            assert!(response.status().is_client_error() || response.status().is_server_error());
            assert!(body(&response).contains("redirect_uri_not_registered"));
            titles.push(inside(body(&response), "h1").unwrap().to_owned());
        }
    }
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), 2 * FailureReason::ALL.len());
}

#[test]
fn a_page_says_its_language_and_leads_to_the_other() {
    for locale in Locale::ALL {
        let response = samples::login(locale).respond();
        let markup = body(&response);
        assert_eq!(header(&response, "content-language"), locale.tag());
        assert!(markup.contains(&format!("<html lang=\"{}\">", locale.tag())));
        assert!(markup.contains(&format!("hreflang=\"{}\"", locale.other().tag())));
    }
}

#[test]
fn the_language_is_the_requests_then_the_browsers_memory_then_its_preference() {
    let choose = Locale::choose;
    assert_eq!(choose(Some("fr en pt"), Some("pt-BR"), Some("pt")), Locale::En);
    assert_eq!(choose(Some("fr"), Some("en"), Some("pt")), Locale::En);
    assert_eq!(choose(None, Some("xx"), Some("en-GB,pt;q=0.9")), Locale::En);
    assert_eq!(choose(None, None, Some("fr, en;q=0.3, pt-PT;q=0.7")), Locale::PtBr);
    assert_eq!(choose(None, None, Some("en;q=0, *")), Locale::PtBr);
    assert_eq!(choose(None, None, Some("de, en;q=NaN")), Locale::PtBr);
    assert_eq!(choose(Some("PT-pt"), None, Some("en")), Locale::PtBr);
    assert_eq!(choose(None, None, None), Locale::PtBr);
    assert_eq!(choose(Some("english"), None, None), Locale::PtBr, "a tag is a tag, not a prefix");
}

#[test]
fn moments_are_in_words() {
    assert_eq!(moment(0, Locale::En), "1 January 1970 at 00:00");
    assert_eq!(moment(0, Locale::PtBr), "31 de dezembro de 1969, às 21:00");
    assert_eq!(moment(951_782_399, Locale::En), "28 February 2000 at 23:59");
    assert_eq!(moment(951_782_400, Locale::En), "29 February 2000 at 00:00");
    assert_eq!(moment(4_107_542_400, Locale::En), "1 March 2100 at 00:00");
}

/// The whole markup, without the stylesheet and the script.
#[test]
fn snapshots() {
    for (locale, wanted) in
        [(Locale::PtBr, ["login-wrong", "account"]), (Locale::En, ["consent", "form-post"])]
    {
        for (name, response) in samples::all(locale) {
            if !wanted.contains(&name) {
                continue;
            }
            let mut markup = body(&response).to_owned();
            for tag in ["style", "script"] {
                if let Some(text) = inside(&markup, tag).map(str::to_owned) {
                    markup = markup.replace(&text, "…");
                }
            }
            insta::assert_snapshot!(format!("{name}.{}", locale.tag()), markup);
        }
    }
}
