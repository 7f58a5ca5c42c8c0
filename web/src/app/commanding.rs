//! The command line of the chosen client.

use super::App;
use crate::act::Act;
use crate::console::Typed;
use zabscope_core::base::{ClientId, NodeId};
use zabscope_core::cli::Command;
use zabscope_core::client;
use zabscope_core::ensemble::Actor;
use zabscope_core::proto::request::Request;
use zabscope_core::recipes::{Program, Turns};
use zabscope_core::server::Server;
use zabscope_core::tree::Tree;

/// How long a client keeps a lock, and how long it rests then, milliseconds: both are seen.
const TURN_MS: u64 = 1_000;
/// Requests that one command may be, at most: a client lets no more wait.
const REQUESTS_MAX: usize = 200;

impl App {
    /// What is typed into the command line.
    #[inline(never)]
    pub(super) fn type_in(&mut self, typed: Typed) {
        let lab = &self.lab;
        let children = |path: &str| {
            let znode = tree(lab, self.client).and_then(|tree| tree.get(path));
            let names = znode.into_iter().flat_map(|znode| znode.children());
            names.map(String::from).collect()
        };
        let command = self.console.take(typed, &children);
        if let Some(command) = command {
            self.command(&command);
        } else if self.console.failed {
            self.said = self.console.said.join(" ");
        }
        self.show_talk |= !self.console.said.is_empty();
    }

    /// Runs a command as the chosen client.
    #[inline(never)]
    pub(super) fn command(&mut self, command: &Command) {
        self.console.said.clear();
        self.console.failed = false;
        if let Err(why) = self.run_command(command) {
            self.said.clone_from(&why);
            self.console.fail(why);
        }
    }

    fn run_command(&mut self, command: &Command) -> Result<(), String> {
        let client = self.client;
        if !self.runs(client) {
            return Err(format!("Client {} does not run: start it first.", client.0));
        }
        if let Some(request) = command.request(&str::to_owned) {
            self.ask(client, vec![request]);
            return Ok(());
        }
        match command {
            Command::Ls { path, recursive: true, .. } => {
                let below = self.below(client, path)?;
                let list = |path: &String| Request::GetChildren {
                    path: path.as_str().into(),
                    watch: false,
                };
                self.ask(client, below.iter().map(list).collect());
            }
            Command::DeleteAll { path } => {
                let below = self.below(client, path)?;
                let fixed = |path: &str| {
                    path == "/" || path == "/zookeeper" || path.starts_with("/zookeeper/")
                };
                // Children stand behind their parents.
                let gone = below.iter().rev().filter(|path| !fixed(path));
                let delete =
                    |path: &String| Request::Delete { path: path.as_str().into(), version: -1 };
                let deletes: Vec<Request> = gone.map(delete).collect();
                if deletes.is_empty() {
                    return Err(format!(
                        "{path} and what is below it stay: they are ZooKeeper's own."
                    ));
                }
                self.ask(client, deletes);
            }
            Command::Watch { path, recursive } => {
                let (path, recursive) = (path.clone(), *recursive);
                let watch = Command::AddWatch { path, recursive };
                self.ask(client, watch.request(&str::to_owned).into_iter().collect());
            }
            Command::Lock { run, .. } if !run.is_empty() => {
                return Err("A page runs no programs: lock PATH takes the lock in turn.".to_owned());
            }
            Command::Lock { path, .. } => {
                let root = path.clone();
                let turns = Turns { root, hold_ms: TURN_MS, rest_ms: TURN_MS };
                self.perform(&Act::Run(client, Program::Lock(turns)));
            }
            Command::Elect { path, .. } => {
                self.perform(&Act::Run(client, Program::Election { root: path.clone() }));
            }
            Command::Quit => {
                self.lab.tell_client(client, client::Call::Close);
                self.acted();
            }
            _ => return Err("This is no command for a client.".to_owned()),
        }
        Ok(())
    }

    /// Asks, as one act.
    fn ask(&mut self, client: ClientId, requests: Vec<Request>) {
        if !requests.is_empty() {
            self.lab.ask_all(client, requests);
            self.show_talk = true;
            self.acted();
        }
    }

    /// True if the process of a client runs: nobody else can be asked to do something.
    pub(super) fn runs(&self, client: ClientId) -> bool {
        self.lab.world().process(NodeId::Client(client)).is_some()
    }

    /// A znode and all below it, parents first, as the client's server has them now.
    fn below(&self, client: ClientId, top: &str) -> Result<Vec<String>, String> {
        let tree = tree(&self.lab, client).ok_or("No server runs that knows the znodes.")?;
        let below = tree.below(top);
        let mut below =
            below.ok_or_else(|| format!("The server of client {} has no {top}.", client.0))?;
        let mut paths = vec![top.to_owned()];
        while below.advance().is_some() {
            paths.push(below.key().to_owned());
        }
        if paths.len() > REQUESTS_MAX {
            return Err(format!("That is {} znodes: too many at once.", paths.len()));
        }
        Ok(paths)
    }
}

/// The znodes that a client would see: those of its server, else those of any server that runs.
fn tree(lab: &crate::lab::Lab, client: ClientId) -> Option<&Tree> {
    let world = lab.world();
    let of = |node: NodeId| world.process(node).and_then(Actor::server);
    let process = world.process(NodeId::Client(client)).and_then(Actor::client);
    let own = process.and_then(client::Client::server).and_then(|sid| of(NodeId::Server(sid)));
    let any = || world.slots().keys().find_map(|node| of(*node));
    own.or_else(any).map(|server: &Server| &server.image().tree)
}
