//! The socket's file.

use crate::child::{ARGUMENTS, ROLE, SOCKET, ask, has};
use crate::world::{World, agent, around, config, get};
use chancela_agent::socket::{Listening, News, ServeError, Settings, path, serve};
use chancela_agent::source::Surroundings;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

fn settings(folder: &Path, lines: &str) -> Settings {
    Settings::new(&config(9, folder, lines).agent, &around(), Arc::new(News::default())).unwrap()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn folder_and_socket_are_the_users_alone_unless_a_rule_names_others() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("run/agent.sock");
    let listening = Listening::bind(settings(folder.path(), "")).unwrap();
    assert_eq!((mode(place.parent().unwrap()), mode(&place)), (0o700, 0o600));
    drop(listening);
    assert!(!place.exists());
    std::fs::remove_dir(place.parent().unwrap()).unwrap();
    let own = std::fs::metadata(folder.path()).unwrap().gid();
    let rule = format!("[[agent.allow]]\ngid = {own}");
    let _listening = Listening::bind(settings(folder.path(), &rule)).unwrap();
    assert_eq!((mode(place.parent().unwrap()), mode(&place)), (0o750, 0o660));
}

#[test]
fn what_a_killed_agent_left_is_replaced_and_a_living_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("run/agent.sock");
    std::fs::create_dir(place.parent().unwrap()).unwrap();
    drop(UnixListener::bind(&place).unwrap());
    assert!(place.exists(), "nobody listens, and the file is there");
    let living = Listening::bind(settings(folder.path(), "")).unwrap();
    let error = Listening::bind(settings(folder.path(), "")).unwrap_err();
    assert!(matches!(error, ServeError::Taken(..)) && error.to_string().contains("agent.socket"), "{error}");
    assert!(place.exists(), "the second one took nothing away");
    // Somebody has put another socket there meanwhile: it is not ours to remove.
    std::fs::remove_file(&place).unwrap();
    let _other = UnixListener::bind(&place).unwrap();
    drop(living);
    assert!(place.exists());
    std::fs::remove_file(&place).unwrap();
    std::fs::write(&place, "precious").unwrap();
    let error = Listening::bind(settings(folder.path(), "")).unwrap_err();
    assert!(matches!(error, ServeError::NoSocket(..)), "{error}");
    assert_eq!(std::fs::read_to_string(&place).unwrap(), "precious");
}

#[test]
fn the_usual_place_is_in_the_users_runtime_folder() {
    let empty = chancela_agent::config::ServeConfig::default();
    let around = |folder: &'static str| {
        let variable = move |name: &str| (name == "XDG_RUNTIME_DIR").then(|| folder.into());
        Surroundings::new(variable, std::io::empty())
    };
    assert_eq!(path(&empty, &around("/run/user/7")).unwrap(), Path::new("/run/user/7/chancela/agent.sock"));
    assert_eq!(path(&empty, &around("")), None);
    let none = Settings::new(&empty, &around(""), Arc::new(News::default())).unwrap();
    let error = Listening::bind(none).unwrap_err();
    assert!(error.to_string().contains("agent.socket"), "{error}");
}

#[tokio::test]
async fn a_configuration_that_names_unknown_providers_is_refused() {
    for (lines, key) in [
        ("prefetch = [\"one\", \"three\"]", "agent.prefetch"),
        ("[[agent.allow]]\nuid = 1\nproviders = [\"three\"]", "agent.allow.providers"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), lines);
        let agent = agent(config(9, folder.path(), lines), &settings.news, &Arc::default());
        let error = serve(agent, settings, std::future::pending()).await.unwrap_err().to_string();
        assert!(error.contains(key) && error.contains("\"three\"") && error.contains("scarce"), "{error}");
    }
}

#[tokio::test]
async fn an_ops_address_that_is_taken_is_told() {
    let world = World::start("ops = \"127.0.0.1:0\"").await;
    let folder = tempfile::tempdir().unwrap();
    let lines = format!("ops = \"{}\"", world.ops.unwrap());
    let error = Listening::bind(settings(folder.path(), &lines)).unwrap_err();
    assert!(error.to_string().contains("agent.ops"), "{error}");
    assert!(!folder.path().join("run").exists(), "nothing is left behind");
    world.stop().await;
}

#[test]
fn a_socket_that_systemd_made_is_served_and_its_file_stays() {
    if !has("systemd-socket-activate") {
        println!("SKIPPED: systemd-socket-activate is not on this machine");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("systemd.sock");
    let mut child = Command::new("systemd-socket-activate")
        .arg("-l")
        .arg(&place)
        .args(["-E", ROLE, "-E", SOCKET])
        .arg(std::env::current_exe().unwrap())
        .args(ARGUMENTS)
        .env(ROLE, "serve what systemd passed")
        .env(SOCKET, folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !place.exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let answer = ask(&place, &get("/v1/status")).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"one\""), "{answer}");
    assert!(child.wait().unwrap().success());
    assert!(place.exists(), "the file is systemd's");
    assert!(!folder.path().join("run").exists(), "the configured socket was not made");
}

#[test]
fn variables_of_another_process_are_none_of_ours() {
    let variable = |name: &str| match name {
        "LISTEN_PID" => Some("1".into()),
        "LISTEN_FDS" => Some("1".into()),
        _ => None,
    };
    let around = Surroundings::new(variable, std::io::empty());
    let settings = Settings::new(&Default::default(), &around, Arc::new(News::default())).unwrap();
    assert!(settings.passed.is_none());
    let own = std::process::id().to_string();
    let variable = move |name: &str| match name {
        "LISTEN_PID" => Some(own.clone().into()),
        "LISTEN_FDS" => Some("2".into()),
        _ => None,
    };
    let around = Surroundings::new(variable, std::io::empty());
    let error = Settings::new(&Default::default(), &around, Arc::new(News::default())).unwrap_err();
    assert!(error.to_string().contains("ListenStream="), "{error}");
}
