//! `chancela tls …`

use crate::cli::TlsAction;
use crate::failure::Failure;
use crate::output;
use chancela_server::clock::{Clock, SystemClock};
use chancela_server::tls::self_signed;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Runs the subcommand.
pub(crate) fn run(action: TlsAction) -> Result<(), Failure> {
    match action {
        TlsAction::SelfSigned { out, host, days } => self_signed(&out, &host, days),
    }
}

fn self_signed(out: &Path, hosts: &[String], days: u16) -> Result<(), Failure> {
    let made = self_signed::make(hosts, days, SystemClock.now())
        .map_err(|error| Failure::Usage(error.to_string()))?;
    fs::create_dir_all(out).map_err(Failure::io(format!("making the folder {}", out.display())))?;
    let out = out.canonicalize().map_err(Failure::io(out.display().to_string()))?;
    let [ca, chain, key] = ["ca.pem", "server.pem", "server.key"].map(|name| out.join(name));
    if let Some(there) = [&ca, &chain, &key].into_iter().find(|file| file.symlink_metadata().is_ok()) {
        return Err(Failure::Usage(format!(
            "{} exists already; remove it, or choose another folder with --out",
            there.display()
        )));
    }
    write(&ca, made.ca_pem.as_bytes(), 0o644)?;
    write(&chain, made.chain_pem.as_bytes(), 0o644)?;
    write(&key, made.key_pem.as_bytes(), 0o600)?;
    let (ca, chain, key) = (ca.display(), chain.display(), key.display());
    output::line(&format!(
        "# valid for {days} days; the authority's own key was not kept, so trusting ca.pem trusts this server alone\n\
         # add to the configuration:\n\
         [listen.tls]\n\
         address = \"127.0.0.1:8443\"\n\
         certificate = \"{chain}\"\n\
         key = \"{key}\"\n\n\
         # and then:\n\
         # curl --cacert '{ca}' https://localhost:8443/"
    ));
    Ok(())
}

fn write(path: &Path, text: &[u8], mode: u32) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    let done = |mut file: fs::File| -> io::Result<()> {
        file.write_all(text)?;
        file.sync_all()
    };
    let opened = options.write(true).create_new(true).mode(mode).open(path);
    opened.and_then(done).map_err(Failure::io(format!("writing {}", path.display())))
}
