//! Commands that ask the servers and show the answer.

use super::command::{Command, Kind};
use super::{Cli, CliError, print};
use std::io::{self, Write};
use zabscope_core::proto::KeeperError;
use zabscope_core::proto::data::{Acl, Stat};
use zabscope_core::proto::reply::Reply;
use zabscope_core::proto::request::{CreateMode, CreateOp, CreateRequest, Request};
use zabscope_core::wire::Text;

/// Runs a command that is answered at once.
///
/// # Errors
/// As the servers say.
pub fn run(cli: &Cli, command: Command) -> Result<(), CliError> {
    match command {
        Command::Create { path, data, acl, kind } => create(cli, &path, data, acl, &kind),
        Command::Get { path, watch, stat } => get(cli, &path, watch, stat),
        Command::Set { path, data, version, stat } => {
            let request =
                Request::SetData { path: cli.path(&path), data: Some(data.into()), version };
            let reply = cli.ask(&path, request)?;
            show_stat(&reply, stat)
        }
        Command::Ls { path, watch, stat, recursive: false } => list(cli, &path, watch, stat),
        Command::Ls { path, recursive: true, .. } => {
            walk(cli, &path, &mut |path| show(path.as_bytes()))
        }
        Command::Stat { path, watch } => {
            let reply = cli.ask(&path, Request::Exists { path: cli.path(&path), watch })?;
            show_stat(&reply, true)
        }
        Command::Delete { path, version } => {
            cli.ask(&path, Request::Delete { path: cli.path(&path), version }).map(drop)
        }
        Command::DeleteAll { path } => delete_all(cli, &path),
        Command::Sync { path } => {
            cli.ask(&path, Request::Sync { path: cli.path(&path) })?;
            show(b"Sync is OK")
        }
        Command::GetAcl { path, stat } => {
            let reply = cli.ask(&path, Request::GetAcl { path: cli.path(&path) })?;
            if let Reply::Acl { acl, .. } = &reply {
                write(print::acl(acl).as_bytes())?;
            }
            show_stat(&reply, stat)
        }
        Command::SetAcl { path, acl, version } => {
            let request = Request::SetAcl { path: cli.path(&path), acl: Some(acl), version };
            cli.ask(&path, request).map(drop)
        }
        Command::AddAuth { scheme, auth } => {
            let (scheme, auth) = (scheme.as_str().into(), Some(auth.into()));
            cli.ask("", Request::Auth { kind: 0, scheme, auth }).map(drop)
        }
        Command::Version => show(super::shell::version().as_bytes()),
        Command::Help => write(super::shell::help().as_bytes()),
        Command::Watch { .. }
        | Command::Lock { .. }
        | Command::Elect { .. }
        | Command::History
        | Command::Quit => Ok(()),
    }
}

impl Cli {
    /// The path that the servers know.
    pub(crate) fn path(&self, path: &str) -> Text {
        self.hosts.absolute(path).into()
    }
}

fn create(
    cli: &Cli,
    path: &str,
    data: Option<Vec<u8>>,
    acl: Option<Vec<Acl>>,
    kind: &Kind,
) -> Result<(), CliError> {
    let (op, mode) = match kind {
        Kind { container: true, .. } => (CreateOp::Container, CreateMode::Container),
        Kind { ttl_ms: Some(ttl_ms), sequential, .. } => {
            let mode = match sequential {
                true => CreateMode::PersistentSequentialWithTtl,
                false => CreateMode::PersistentWithTtl,
            };
            (CreateOp::Ttl { ttl_ms: *ttl_ms }, mode)
        }
        Kind { ephemeral, sequential, .. } => {
            let mode = match (ephemeral, sequential) {
                (false, false) => CreateMode::Persistent,
                (true, false) => CreateMode::Ephemeral,
                (false, true) => CreateMode::PersistentSequential,
                (true, true) => CreateMode::EphemeralSequential,
            };
            (CreateOp::Create, mode)
        }
    };
    let reply = cli.ask(
        path,
        Request::Create(CreateRequest {
            kind: op,
            path: cli.path(path),
            data: data.map(Into::into),
            acl: Some(acl.unwrap_or_else(Acl::open)),
            flags: mode as i32,
        }),
    )?;
    match reply {
        Reply::Path(made) | Reply::PathStat { path: made, .. } => {
            show(format!("Created {}", cli.hosts.local(&made.to_str())).as_bytes())
        }
        _ => Ok(()),
    }
}

fn get(cli: &Cli, path: &str, watch: bool, stat: bool) -> Result<(), CliError> {
    let reply = cli.ask(path, Request::GetData { path: cli.path(path), watch })?;
    if let Reply::Data { data, .. } = &reply {
        show(data.as_deref().unwrap_or(b"null"))?;
    }
    show_stat(&reply, stat)
}

fn list(cli: &Cli, path: &str, watch: bool, stat: bool) -> Result<(), CliError> {
    let reply = cli.ask(path, Request::GetChildren2 { path: cli.path(path), watch })?;
    show(format!("[{}]", sorted(&reply).join(", ")).as_bytes())?;
    show_stat(&reply, stat)
}

/// Names of children, sorted.
fn sorted(reply: &Reply) -> Vec<String> {
    let names = match reply {
        Reply::NamesStat { names, .. } | Reply::Names(names) => names.as_slice(),
        _ => &[],
    };
    let mut names: Vec<String> = names.iter().map(|name| name.to_str().into_owned()).collect();
    names.sort();
    names
}

/// Visits a znode and everything below it, parents first. What goes meanwhile is left out.
fn walk(
    cli: &Cli,
    top: &str,
    visit: &mut dyn FnMut(&str) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut open = vec![top.to_owned()];
    while let Some(path) = open.pop() {
        let request = Request::GetChildren { path: cli.path(&path), watch: false };
        let reply = match cli.ask(&path, request) {
            Err(CliError::Keeper { error: KeeperError::NoNode, .. }) if path != top => continue,
            other => other?,
        };
        visit(&path)?;
        let parent = if path == "/" { "" } else { path.as_str() };
        open.extend(sorted(&reply).into_iter().rev().map(|name| format!("{parent}/{name}")));
    }
    Ok(())
}

fn delete_all(cli: &Cli, top: &str) -> Result<(), CliError> {
    let mut paths = Vec::new();
    walk(cli, top, &mut |path| {
        paths.push(path.to_owned());
        Ok(())
    })?;
    // Children stand behind their parents. The root and /zookeeper stay.
    for path in paths.iter().rev().filter(|path| !is_fixed(cli, path)) {
        match cli.ask(path, Request::Delete { path: cli.path(path), version: -1 }) {
            Err(CliError::Keeper { error: KeeperError::NoNode, .. }) => {}
            other => drop(other?),
        }
    }
    Ok(())
}

fn is_fixed(cli: &Cli, path: &str) -> bool {
    let path = cli.hosts.absolute(path);
    path == "/" || path == "/zookeeper" || path.starts_with("/zookeeper/")
}

fn show_stat(reply: &Reply, wanted: bool) -> Result<(), CliError> {
    let stat: Option<&Stat> = match reply {
        Reply::Stat(stat)
        | Reply::PathStat { stat, .. }
        | Reply::Data { stat, .. }
        | Reply::Acl { stat, .. }
        | Reply::NamesStat { stat, .. } => Some(stat),
        _ => None,
    };
    match stat {
        Some(stat) if wanted => write(print::stat(stat).as_bytes()),
        _ => Ok(()),
    }
}

/// A line on standard output. Data is not always text.
pub(super) fn show(line: &[u8]) -> Result<(), CliError> {
    write(&[line, b"\n"].concat())
}

fn write(bytes: &[u8]) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|source| CliError::Io { what: "output".into(), source })
}
