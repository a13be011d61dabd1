//! Who may do what, with processes of other users.

use crate::child::{ARGUMENTS, ROLE, SOCKET};
use crate::world::World;
use std::fs::{Permissions, copy, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// `nobody`, in most systems; any number that is not ours does.
const OTHER: u32 = 65_534;

/// What another user's process hears: its token request's answer and its status request's. `None` if we may not start one.
fn another_user_asks(world: &World) -> Option<Vec<String>> {
    if !rustix::process::geteuid().is_root() || !crate::child::has("setpriv") {
        println!("SKIPPED: only root with setpriv can start a process of another user");
        return None;
    }
    // Where tests are built, others may not look.
    let program = world.folder.path().join("child");
    copy(std::env::current_exe().unwrap(), &program).unwrap();
    set_permissions(world.folder.path(), Permissions::from_mode(0o755)).unwrap();
    set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let output = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(program)
        .args(ARGUMENTS)
        .env(ROLE, "ask")
        .env(SOCKET, &world.socket)
        .current_dir("/")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<_> = text.lines().filter(|line| line.contains("ANSWER ")).map(str::to_owned).collect();
    assert_eq!(answers.len(), 2, "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    Some(answers)
}

fn open_to_all(socket: &Path) {
    set_permissions(socket.parent().unwrap(), Permissions::from_mode(0o755)).unwrap();
    set_permissions(socket, Permissions::from_mode(0o666)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_rule_another_user_gets_nothing_even_if_the_file_lets_it_in() {
    let world = World::start("").await;
    if let Some(answers) = another_user_asks(&world) {
        for answer in answers {
            assert!(answer.contains("PermissionDenied"), "the file alone keeps it out: {answer}");
        }
        open_to_all(&world.socket);
        for answer in another_user_asks(&world).unwrap() {
            assert!(answer.contains("HTTP/1.1 403 ") && answer.contains("agent:forbidden"), "{answer}");
        }
        assert_eq!(world.endpoint.calls(), 0);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_lets_another_users_process_in_through_its_group() {
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: only root may give a socket to another group");
        return;
    }
    let rule = format!("[[agent.allow]]\ngid = {OTHER}\nproviders = [\"one\"]\noperations = [\"token\"]");
    let world = World::start(&rule).await;
    if let Some(answers) = another_user_asks(&world) {
        assert!(answers[0].contains("HTTP/1.1 200 ") && answers[0].contains("Bearer"), "{}", answers[0]);
        assert!(answers[1].contains("HTTP/1.1 403 "), "{}", answers[1]);
    }
    let own = world.post(r#"{"provider":"one"}"#).await;
    assert!(own.starts_with("HTTP/1.1 403 "), "with rules, what they say is all: {own}");
    world.stop().await;
}

#[tokio::test]
async fn a_rule_holds_for_its_providers_and_operations() {
    let own = rustix::process::geteuid().as_raw();
    let rule = format!("[[agent.allow]]\nuid = {own}\nproviders = [\"one\"]\noperations = [\"token\"]");
    let world = World::start(&rule).await;
    assert!(world.post(r#"{"provider":"one"}"#).await.starts_with("HTTP/1.1 200 "));
    for provider in ["two", "there-is-none-of-that-name"] {
        let answer = world.post(&format!(r#"{{"provider":"{provider}"}}"#)).await;
        assert!(answer.starts_with("HTTP/1.1 403 ") && !answer.contains(provider), "{answer}");
    }
    for path in ["/v1/status", "/v1/events"] {
        assert!(world.get(path).await.starts_with("HTTP/1.1 403 "), "{path}");
    }
    assert_eq!(world.endpoint.calls(), 1);
    world.stop().await;
}
