//! A client certificate that ends.

use crate::endpoint::Endpoint;
use crate::world::{World, get, until};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// A certificate for so many days with its key, made by openssl, in one file.
fn certificate(folder: &Path, days: u32) {
    let file = folder.join("client.pem");
    let output = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-subj", "/CN=client", "-days", &days.to_string(), "-addext", "extendedKeyUsage=clientAuth"])
        .args([Path::new("-keyout"), &file, Path::new("-out"), &folder.join("certificate.pem")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let whole = std::fs::read_to_string(&file).unwrap();
    let whole = whole + &std::fs::read_to_string(folder.join("certificate.pem")).unwrap();
    std::fs::write(&file, whole).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn its_end_is_in_the_status_and_the_metrics_and_is_warned_of_once() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path(), 6);
    let endpoint = Endpoint::start().await;
    let provider = format!(
        "ops = \"127.0.0.1:0\"\nprefetch = [\"certified\"]\n[provider.certified]\ndialect = \"standard\"\n\
         address = \"http://127.0.0.1:{}\"\nclient_id = \"client\"\ncertificate = \"file:{}/client.pem\"",
        endpoint.port,
        folder.path().display()
    );
    let world = World::over(endpoint, &provider);
    let mut events = UnixStream::connect(&world.socket).await.unwrap();
    events.write_all(get("/v1/events").as_bytes()).await.unwrap();
    until("its token is there", async || world.ops("/readyz").await.starts_with("HTTP/1.1 200 ")).await;
    let status = world.client().await.status().await.unwrap();
    let seen = status.providers.iter().find(|one| one.provider == "certified").unwrap();
    let ends_at = seen.certificate.as_ref().unwrap().ends_at;
    let line = format!("chancela_agent_cert_expires_timestamp_seconds{{provider=\"certified\"}} {ends_at}\n");
    assert!(world.ops("/metrics").await.contains(&line), "{line}");

    let mut lines = BufReader::new(events).lines();
    let mut told = 0;
    let listening = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line == "event: certificate_ends" {
                told += 1;
                let data = lines.next_line().await.unwrap().unwrap();
                assert!(data.contains(&format!("\"ends_at\":{ends_at}")), "{data}");
            }
        }
    };
    // Longer than two looks at the calendar.
    let _ = timeout(Duration::from_secs(12), listening).await;
    assert_eq!(told, 1);
    world.stop().await;
}
