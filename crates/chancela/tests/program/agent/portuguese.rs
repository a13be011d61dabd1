//! The client side as somebody in Brazil meets it: failures, lines and help in Portuguese, and everything that programs read
//! as it is.

use super::Bench;
use crate::support::process::{Finished, command};
use serde_json::json;
use std::fs;
use std::process::Command;

fn finished(command: &mut Command) -> Finished {
    Finished::from(command.output().unwrap())
}

fn alone(variables: &[(&str, &str)], arguments: &[&str]) -> Finished {
    finished(command().envs(variables.iter().copied()).args(arguments))
}

impl Bench {
    fn em_portugues(&self, arguments: &[&str]) -> Finished {
        finished(self.command(arguments).env("LANG", "pt_BR.UTF-8"))
    }
}

#[test]
fn a_refused_secret_and_its_pause_are_told_in_portuguese_with_the_providers_own_words() {
    let bench = Bench::new();
    fs::write(bench.path("bs2.secret"), "wrong-secret-wrong-secret").unwrap();
    // The first asks the provider; the second reads what the cache keeps of that.
    for _ in 0..2 {
        let done = bench.em_portugues(&["token", "bs2"]);
        let said = "chancela: bs2: o provedor não aceita nossas credenciais: o provedor respondeu 401 ";
        done.failed(
            5,
            &[said, "; verifique o client_id, o segredo e o certificado dele", "(próxima tentativa em "],
        );
        assert!(!done.stderr.contains("wrong-secret") && done.stdout.is_empty(), "{done:?}");
    }
    let english = bench.run(&["token", "bs2"]);
    let words = |text: &str, begin: &str| {
        let (_, rest) = text.split_once(begin).unwrap();
        rest.split_once(';').unwrap().0.to_owned()
    };
    let again = bench.em_portugues(&["token", "bs2"]);
    assert_eq!(words(&again.stderr, "respondeu 401 "), words(&english.stderr, "answered 401 "));
    let status = bench.em_portugues(&["agent", "status"]);
    for line in [
        "PROVEDOR ",
        "SITUAÇÃO ",
        "nenhum ainda",
        "O QUE HÁ DE ERRADO",
        "não aceita nossas credenciais",
        "(próxima tentativa em ",
    ] {
        assert!(status.stdout.contains(line), "{line} is not in {}", status.stdout);
    }
    let status = bench.em_portugues(&["agent", "status", "--json"]).json();
    let bs2 = status["providers"].as_array().unwrap().iter().find(|one| one["provider"] == "bs2").unwrap();
    assert_eq!((&bs2["state"], &bs2["refused"]), (&json!("none yet"), &json!("credentials")));
    let reset = bench.em_portugues(&["agent", "reset", "bs2"]);
    assert_eq!(reset.stderr, "chancela: bs2: será consultado de novo na próxima requisição\n");
}

#[test]
fn a_provider_that_is_away_and_an_unknown_one_are_told_in_portuguese() {
    let bench = Bench::new();
    bench
        .em_portugues(&["token", "nobody"])
        .failed(3, &["não há o provedor \"nobody\" na configuração; ela tem: "]);
    let config = fs::read_to_string(bench.path("agent.toml")).unwrap();
    let address = bench.address("/celcash");
    assert!(config.contains(&address), "{config}");
    // Nobody listens on the port of tcpmux.
    fs::write(bench.path("agent.toml"), config.replace(&address, "http://127.0.0.1:1/celcash")).unwrap();
    let done = bench.em_portugues(&["token", "celcash", "--timeout", "2s"]);
    assert!([6, 8].contains(&done.code), "{done:?}");
    assert!(done.stderr.starts_with("chancela: celcash: "), "{done:?}");
    let done = bench.em_portugues(&["token", "celcash", "--timeout", "10s"]);
    done.failed(
        6,
        &["o provedor não está disponível: não foi possível conectar a 127.0.0.1:1 (conexão recusada"],
    );
    fs::write(bench.path("agent.toml"), "[provider.a]\nclient_id = \"a\"\nclient_secret = \"hunter2\"\n")
        .unwrap();
    let done = bench.em_portugues(&["token", "a"]);
    done.failed(3, &["agent.toml:3: um segredo nunca fica na configuração nem em uma opção"]);
    assert!(!done.stderr.contains("hunter2"));
}

#[test]
fn what_programs_read_is_the_same_in_every_language() {
    let bench = Bench::new();
    let token = bench.token("bs2");
    assert_eq!(bench.em_portugues(&["token", "bs2"]).stdout, token);
    let document = bench.em_portugues(&["token", "bs2", "--json"]).json();
    assert_eq!((&document["provider"], &document["access_token"]), (&json!("bs2"), &json!(token)));
    let lines = bench.em_portugues(&["agent", "explain", "bs2"]).stdout;
    let english = bench.run(&["agent", "explain", "bs2"]).stdout;
    let commands =
        |text: &str| text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    assert_eq!(commands(&lines), commands(&english));
    assert!(lines.contains("# Um token de ") && english.contains("# A token of "), "{lines}");
}

#[test]
fn init_says_what_it_wrote_and_what_is_in_its_way() {
    let bench = Bench::new();
    let folder = bench.folder.path().join("other");
    let arguments = ["agent", "init", "--sandbox", &bench.address(""), "--folder", folder.to_str().unwrap()]
        .map(str::to_owned);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = bench.em_portugues(&arguments);
    assert!(
        done.code == 0
            && done.stderr.contains(" foi escrito com ")
            && done.stderr.contains("; experimente: chancela token "),
        "{done:?}"
    );
    bench.em_portugues(&arguments).failed(3, &["já existe; remova-o, ou indique outra pasta com --folder"]);
    let none = ["agent", "init", "--sandbox", "http://127.0.0.1:1", "--folder", "/nonexistent/a"];
    bench
        .em_portugues(&none)
        .failed(3, &["nenhum sandbox responde em http://127.0.0.1:1 (não foi possível conectar"]);
}

#[test]
fn help_and_wrong_usage_are_in_portuguese() {
    let pt = [("LANG", "pt_BR.UTF-8")];
    let help = alone(&pt, &["token", "--help"]);
    assert_eq!(help.code, 0);
    for text in [
        "Uso: chancela token [OPÇÕES] <PROVEDOR>",
        "Argumentos:",
        "Opções:",
        "Valores possíveis:",
        "- raw: Só o token",
        "[padrão: 30s]",
        "[variável: CHANCELA_AGENT_CONFIG]",
    ] {
        assert!(help.stdout.contains(text), "{text} is not in {}", help.stdout);
    }
    assert!(alone(&pt, &["agent", "help", "login"]).stdout.contains("Uso: chancela agent login"));
    for (arguments, said) in [
        (&["token"][..], "Uso: chancela token"),
        (&["token", "a", "--colour"], "erro: argumento inesperado '--colour'"),
        (&["token", "a", "--formt", "raw"], "dica: existe '--format'"),
        (&["token", "a", "--format", "z"], "[valores possíveis: raw, json, header, env, curl]"),
        (&["token", "a", "--min-ttl", "25h"], "um tempo é de no máximo 24h"),
        (&["token", "a", "--json", "--format", "raw"], "não pode ser usado com:\n  --format <FORMATO>"),
        (&["agent", "lgin"], "não há o comando 'lgin'"),
        (&["agent", "login"], "faltam argumentos obrigatórios:\n  <PROVEDOR>"),
    ] {
        let done = alone(&pt, arguments);
        assert!(
            done.code == 2 && done.stdout.is_empty() && done.stderr.contains(said),
            "{arguments:?}: {done:?}"
        );
        assert!(!done.stderr.contains("error") && !done.stderr.contains("Usage"), "{done:?}");
    }
}

#[test]
fn the_environment_chooses_the_language_and_english_is_what_is_left() {
    let nobody = ["token", "nobody", "--config", "/nonexistent/agent.toml"];
    let (english, portuguese) =
        ("write it, or name another one with --config", "escreva-o, ou indique outro com --config");
    for (variables, said) in [
        (&[][..], english),
        (&[("LANG", "C")], english),
        (&[("LANG", "de_DE.UTF-8")], english),
        (&[("LANG", "pt_BR.UTF-8")], portuguese),
        (&[("LANG", "pt_BR.UTF-8"), ("LC_ALL", "C")], english),
        (&[("LC_MESSAGES", "pt_PT")], portuguese),
        (&[("CHANCELA_LANG", "pt-BR"), ("LC_ALL", "C")], portuguese),
        (&[("CHANCELA_LANG", "en"), ("LANG", "pt_BR.UTF-8")], english),
    ] {
        alone(variables, &nobody).failed(3, &["/nonexistent/agent.toml", said]);
    }
    alone(&[("CHANCELA_LANG", "fr")], &nobody).failed(2, &["CHANCELA_LANG is pt-BR or en"]);
    let done = alone(&[("CHANCELA_LANG", "fr"), ("LANG", "pt_BR.UTF-8")], &nobody);
    done.failed(2, &["CHANCELA_LANG é pt-BR ou en"]);
}
