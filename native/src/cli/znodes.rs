//! Commands that ask the servers and show the answer.

use super::{Cli, CliError, print};
use std::io::{self, Write};
use zabscope_core::cli::Command;
use zabscope_core::proto::KeeperError;
use zabscope_core::proto::data::Stat;
use zabscope_core::proto::multi::MultiResult;
use zabscope_core::proto::reply::Reply;
use zabscope_core::proto::request::Request;
use zabscope_core::wire::Text;

/// Runs a command that is answered at once.
///
/// # Errors
/// As the servers say.
pub fn run(cli: &Cli, command: Command) -> Result<(), CliError> {
    match command {
        Command::Ls { path, recursive: true, .. } => {
            walk(cli, &path, &mut |path| show(path.as_bytes()))
        }
        Command::DeleteAll { path } => delete_all(cli, &path),
        Command::Version => show(super::shell::version().as_bytes()),
        Command::Help => write(super::shell::help().as_bytes()),
        command => {
            let at = |path: &str| cli.hosts.absolute(path);
            let Some(request) = command.request(&at) else { return Ok(()) };
            let reply = cli.ask(path_of(&command), request)?;
            answer(cli, &command, &reply)
        }
    }
}

impl Cli {
    /// The path that the servers know.
    pub(crate) fn path(&self, path: &str) -> Text {
        self.hosts.absolute(path).into()
    }
}

/// The path that an error of the servers is about.
fn path_of(command: &Command) -> &str {
    match command {
        Command::Create { path, .. }
        | Command::Get { path, .. }
        | Command::Set { path, .. }
        | Command::Ls { path, .. }
        | Command::Stat { path, .. }
        | Command::Delete { path, .. }
        | Command::Sync { path }
        | Command::GetAcl { path, .. }
        | Command::SetAcl { path, .. }
        | Command::AddWatch { path, .. }
        | Command::RemoveWatches { path, .. }
        | Command::GetAllChildrenNumber { path } => path,
        _ => "",
    }
}

/// Shows what the servers answered.
fn answer(cli: &Cli, command: &Command, reply: &Reply) -> Result<(), CliError> {
    let created = |path: &Text| format!("Created {}", cli.hosts.local(&path.to_str()));
    match (command, reply) {
        (Command::Create { .. }, Reply::Path(made) | Reply::PathStat { path: made, .. }) => {
            show(created(made).as_bytes())?;
        }
        (Command::Get { .. }, Reply::Data { data, .. }) => {
            show(data.as_deref().unwrap_or(b"null"))?;
        }
        (Command::Ls { .. }, _) => show(format!("[{}]", sorted(reply).join(", ")).as_bytes())?,
        (Command::GetEphemerals { .. }, _) => {
            let paths = sorted(reply);
            let paths: Vec<&str> = paths.iter().map(|path| cli.hosts.local(path)).collect();
            show(format!("[{}]", paths.join(", ")).as_bytes())?;
        }
        (Command::Sync { .. }, _) => show(b"Sync is OK")?,
        (Command::GetAcl { .. }, Reply::Acl { acl, .. }) => write(print::acl(acl).as_bytes())?,
        (_, Reply::Count(count)) => show(count.to_string().as_bytes())?,
        (_, Reply::Ids(ids)) => {
            for id in ids {
                show(format!("{}: {}", id.scheme, id.id).as_bytes())?;
            }
        }
        (_, Reply::Multi(results)) => {
            for result in results {
                show(print::result(result).as_bytes())?;
            }
            if results.iter().any(|result| matches!(result, MultiResult::Error { .. })) {
                return Err(CliError::Undone);
            }
        }
        _ => {}
    }
    show_stat(reply, wants_stat(command))
}

/// True if the command shows the Stat of its answer.
const fn wants_stat(command: &Command) -> bool {
    match command {
        Command::Get { stat, .. }
        | Command::Set { stat, .. }
        | Command::Ls { stat, .. }
        | Command::GetAcl { stat, .. }
        | Command::Create { stat, .. } => *stat,
        Command::Stat { .. } => true,
        _ => false,
    }
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
        .map_err(|cause| CliError::Io { what: "output".into(), cause })
}
