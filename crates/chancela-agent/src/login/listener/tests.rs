//! The port, with raw sockets: what a browser sends, and what others do.

use super::*;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const ANY: &str = "http://127.0.0.1:0/callback";
const SECONDS: Duration = Duration::from_secs(5);

struct World {
    listener: Listener,
    authority: String,
}

fn redirect(uri: &str) -> Loopback {
    let text = format!("[provider.a]\nclient_id = \"a\"\nlogin.redirect = \"{uri}\"\n");
    let config = crate::config::AgentConfig::parse(std::path::Path::new("agent.toml"), &text).unwrap();
    match &config.provider["a"].login.as_ref().unwrap().redirect {
        crate::config::Redirect::Loopback(own) => own.clone(),
        crate::config::Redirect::Elsewhere(uri) => panic!("{uri}"),
    }
}

async fn world() -> World {
    let listener = Listener::open(&redirect(ANY), Secret::new("S")).await.unwrap();
    let authority = format!("127.0.0.1:{}", listener.address().port());
    World { listener, authority }
}

impl World {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.authority).await.unwrap()
    }

    /// What is answered to these bytes, to the end of the connection.
    async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // Whoever does not read to the end may close before everything is written.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    async fn send(&self, line: &str, host: &str, more: &str) -> String {
        self.raw(format!("{line} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n").as_bytes()).await
    }

    async fn get(&self, target: &str) -> String {
        self.send(&format!("GET {target}"), &self.authority, "").await
    }

    async fn code(&mut self) -> String {
        let brought = timeout(SECONDS, self.listener.brought()).await.unwrap().unwrap();
        brought.unwrap().code.expose().to_owned()
    }

    async fn brings_nothing(&mut self) {
        timeout(Duration::from_millis(50), self.listener.brought()).await.unwrap_err();
    }
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("{answer:?}"))
}

#[tokio::test]
async fn the_first_answer_is_taken_and_the_page_says_so_without_a_script() {
    let mut world = world().await;
    let answer =
        world.send("GET /callback?code=C&state=S", &world.authority, "Accept-Language: pt-BR\r\n").await;
    assert_eq!(status(&answer), 200);
    for line in [
        "content-security-policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "connection: close",
    ] {
        assert!(answer.contains(&format!("{line}\r\n")), "{line}: {answer}");
    }
    assert!(answer.contains("fechar esta janela") && !answer.contains("<script"));
    assert_eq!(status(&world.get("/callback?code=D&state=S").await), 409);
    assert_eq!(world.code().await, "C");
    let again = world.get("/callback?code=D&state=S").await;
    assert!(status(&again) == 409 && again.contains("close this window"));
    world.brings_nothing().await;
}

/// RFC 9700 section 4.7.
#[tokio::test]
async fn what_does_not_know_the_state_ends_nothing() {
    let mut world = world().await;
    for query in [
        "",
        "?",
        "?code=C",
        "?code=C&state=s",
        "?code=C&state=S&state=S",
        "?error=x&state=T",
        "?code=%ff&state=S",
    ] {
        assert_eq!(status(&world.get(&format!("/callback{query}")).await), 400, "{query}");
    }
    world.brings_nothing().await;
    world.get("/callback?code=C&state=S").await;
    assert_eq!(world.code().await, "C");
}

#[tokio::test]
async fn a_refusal_with_the_state_is_an_answer() {
    let mut world = world().await;
    let page = world.get("/callback?error=access_denied&error_description=%3Cb%3E&state=S").await;
    assert!(status(&page) == 200 && page.contains("refused") && !page.contains("<b>"), "{page}");
    let error = world.listener.brought().await.unwrap().unwrap_err();
    assert!(matches!(error, AuthorizationAnswerError::Refused { .. }));
}

#[tokio::test]
async fn another_name_of_this_machine_another_path_and_another_method_get_nothing() {
    let mut world = world().await;
    let (target, own) = ("/callback?code=C&state=S", world.authority.clone());
    let port = world.listener.address().port();
    let rebound = [
        format!("evil.example:{port}"),
        "evil.example".into(),
        format!("localhost:{port}"),
        "127.0.0.1".into(),
        format!("{own}\r\nHost: {own}"),
    ];
    for host in rebound {
        let answer = world.send(&format!("GET {target}"), &host, "").await;
        assert!([400, 404].contains(&status(&answer)), "{host}: {answer}");
    }
    let nameless = world.raw(format!("GET {target} HTTP/1.0\r\n\r\n").as_bytes()).await;
    assert_eq!(status(&nameless), 404);
    assert_eq!(status(&world.get(&format!("http://{own}{target}")).await), 404);
    for path in ["/", "/callback/", "/Callback", "//callback", "/%63allback", "/favicon.ico"] {
        assert_eq!(status(&world.get(&format!("{path}?code=C&state=S")).await), 404, "{path}");
    }
    for method in ["POST", "HEAD", "PUT", "OPTIONS"] {
        let answer = world.send(&format!("{method} {target}"), &own, "Content-Length: 0\r\n").await;
        assert!(status(&answer) == 405 && answer.contains("allow: GET\r\n"), "{method}: {answer}");
    }
    world.brings_nothing().await;
}

#[tokio::test]
async fn garbage_and_endless_heads_are_refused_and_the_next_browser_is_served() {
    let mut world = world().await;
    let begin = format!("GET /callback?code=C&state=S HTTP/1.1\r\nHost: {}\r\n", world.authority);
    let huge = format!("{begin}X: {}\r\n\r\n", "x".repeat(2 * MAX_HEAD));
    let long = format!("GET /callback?code={}&state=S HTTP/1.1\r\n", "x".repeat(2 * MAX_HEAD));
    let many = format!("{begin}{}\r\n", "X: y\r\n".repeat(MAX_HEADERS));
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        huge.as_bytes(),
        long.as_bytes(),
        many.as_bytes(),
    ] {
        let answer = world.raw(bytes).await;
        assert!(answer.is_empty() || (400..=431).contains(&status(&answer)), "{answer}");
    }
    drop(world.connect().await);
    world.brings_nothing().await;
    world.get("/callback?code=C&state=S").await;
    assert_eq!(world.code().await, "C");
}

#[tokio::test]
async fn connections_that_say_nothing_end_and_make_room() {
    let mut world = world().await;
    let mut idle = Vec::new();
    for _ in 0..MAX_CONNECTIONS {
        let mut stream = world.connect().await;
        stream.write_all(b"GET /callback?code=C&state=S HTTP/1.1\r\nX: ").await.unwrap();
        idle.push(stream);
    }
    let start = Instant::now();
    assert_eq!(status(&world.get("/callback?code=C&state=S").await), 200);
    assert!(start.elapsed() < 3 * PATIENCE);
    assert_eq!(world.code().await, "C");
}

#[tokio::test]
async fn a_port_that_somebody_else_has_is_an_error_and_not_another_port() {
    let world = world().await;
    let taken = redirect(&format!("http://127.0.0.1:{}/callback", world.listener.address().port()));
    let error = Listener::open(&taken, Secret::new("S")).await.err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn localhost_is_answered_at_both_of_its_addresses() {
    let own = redirect("http://localhost:0/callback");
    let mut listener = Listener::open(&own, Secret::new("S")).await.unwrap();
    let port = listener.address().port();
    let mut served = 0;
    for address in ["127.0.0.1", "::1"] {
        let Ok(mut stream) = TcpStream::connect((address, port)).await else { continue };
        let request = format!("GET /callback?code=C&state=S HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(status(&answer), if served == 0 { 200 } else { 409 });
        served += 1;
    }
    assert!(served > 0);
    assert_eq!(listener.brought().await.unwrap().unwrap().code.expose(), "C");
}

#[tokio::test]
async fn the_port_is_closed_when_the_login_is_given_up() {
    let world = world().await;
    let authority = world.authority.clone();
    drop(world);
    sleep(Duration::from_millis(50)).await;
    assert!(TcpStream::connect(authority).await.is_err());
}
