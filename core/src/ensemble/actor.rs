//! A server or a client: the one kind of node of a simulated world. Nothing is decided here, every
//! event and effect is passed on.

use crate::base::{Effect, Event, Node, Now};
use crate::client::{self, Client};
use crate::recipes::{self, Program, Worker, WorkerCall};
use crate::server::{self, Disk, Server, message};
use crate::zab::{self, Rules, Sound};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A server or a client.
#[derive(Clone, Debug)]
pub enum Actor<R: Rules = Sound> {
    /// A member of the ensemble.
    Server(Box<Server<R>>),
    /// A client, and what it does.
    Client(Box<Worker>),
}

/// Settings of either.
#[derive(Clone, Debug)]
pub enum Config<R = Sound> {
    /// Of a server.
    Server(Box<server::Config<R>>),
    /// Of a client.
    Client(recipes::Config),
}

/// Timers of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// Of a server.
    Server(message::Timer),
    /// Of a client.
    Client(recipes::Timer),
}

/// What a process finds when it starts.
#[derive(Clone, Debug)]
pub enum Recovered {
    /// A server's state.
    Server(Box<message::Recovered>),
    /// A client keeps nothing.
    Client,
}

/// An order to either.
#[derive(Clone, Debug)]
pub enum Call {
    /// To a server.
    Server(server::Call),
    /// To a client.
    Client(client::Call),
    /// To a client: do this from now on.
    Run(Program),
}

/// A fact of either.
#[derive(Clone, Debug)]
pub enum Note {
    /// Of a server.
    Server(server::Note),
    /// Of a client.
    Client(recipes::Note),
}

impl<R: Rules> Actor<R> {
    /// The server, if it is one.
    #[must_use]
    pub fn server(&self) -> Option<&Server<R>> {
        if let Self::Server(server) = self { Some(server) } else { None }
    }

    /// The client, if it is one.
    #[must_use]
    pub fn client(&self) -> Option<&Client> {
        self.worker().map(Worker::client)
    }

    /// The client with its program, if it is one.
    #[must_use]
    pub fn worker(&self) -> Option<&Worker> {
        if let Self::Client(worker) = self { Some(worker) } else { None }
    }
}

impl<R: Rules> Node for Actor<R> {
    type Config = Config<R>;
    type Msg = message::Msg;
    type Timer = Timer;
    type Write = message::Write;
    type Mark = zab::Mark;
    type Job = message::Job;
    type Done = message::Done;
    type Recovered = Recovered;
    type Disk = Disk;
    type Call = Call;
    type Reply = client::Reply;
    type Note = Note;

    fn boot(config: &Config<R>, recovered: Recovered) -> Self {
        match (config, recovered) {
            (Config::Server(config), Recovered::Server(recovered)) => {
                Self::Server(Box::new(Server::boot(config, *recovered)))
            }
            (Config::Server(config), Recovered::Client) => {
                Self::Server(Box::new(Server::boot(config, Disk::default().recover())))
            }
            (Config::Client(config), _) => Self::Client(Box::new(Worker::boot(config, ()))),
        }
    }

    fn step(&mut self, now: Now, event: Event<Self>, out: &mut Vec<Effect<Self>>) {
        match self {
            Self::Server(server) => {
                let Some(event) = server_event(event) else { return };
                let mut effects = Vec::new();
                server.step(now, event, &mut effects);
                out.extend(effects.into_iter().map(from_server));
            }
            Self::Client(client) => {
                let Some(event) = client_event(event) else { return };
                let mut effects = Vec::new();
                client.step(now, event, &mut effects);
                out.extend(effects.into_iter().filter_map(from_client));
            }
        }
    }

    fn keep(disk: &mut Disk, write: message::Write) -> zab::Mark {
        disk.keep(write)
    }

    fn mark(write: &message::Write) -> zab::Mark {
        write.mark()
    }

    fn work(disk: &mut Disk, job: message::Job) -> message::Done {
        disk.work(job)
    }

    fn disk_bytes(disk: &Disk) -> u64 {
        disk.copied_bytes()
    }

    fn recover(config: &Config<R>, disk: &Disk) -> Recovered {
        match config {
            Config::Server(_) => Recovered::Server(Box::new(disk.recover())),
            Config::Client(_) => Recovered::Client,
        }
    }
}

/// `None`: not for a server.
fn server_event<R: Rules>(event: Event<Actor<R>>) -> Option<Event<Server<R>>> {
    Some(match event {
        Event::Start => Event::Start,
        Event::Timer(Timer::Server(timer)) => Event::Timer(timer),
        Event::Linked(link, origin) => Event::Linked(link, origin),
        Event::Unlinked(link) => Event::Unlinked(link),
        Event::Received(link, msg) => Event::Received(link, msg),
        Event::Durable(mark) => Event::Durable(mark),
        Event::Done(done) => Event::Done(done),
        Event::Call(Call::Server(call)) => Event::Call(call),
        Event::Timer(Timer::Client(_)) | Event::Call(Call::Client(_) | Call::Run(_)) => {
            return None;
        }
    })
}

/// `None`: not for a client.
fn client_event<R: Rules>(event: Event<Actor<R>>) -> Option<Event<Worker>> {
    Some(match event {
        Event::Start => Event::Start,
        Event::Timer(Timer::Client(timer)) => Event::Timer(timer),
        Event::Linked(link, origin) => Event::Linked(link, origin),
        Event::Unlinked(link) => Event::Unlinked(link),
        Event::Received(link, message::Msg::ToClient(msg)) => {
            Event::Received(link, client::Msg::ToClient(msg))
        }
        Event::Call(Call::Client(call)) => Event::Call(WorkerCall::Client(call)),
        Event::Call(Call::Run(program)) => Event::Call(WorkerCall::Run(program)),
        Event::Received(..)
        | Event::Durable(_)
        | Event::Done(_)
        | Event::Timer(Timer::Server(_))
        | Event::Call(Call::Server(_)) => return None,
    })
}

fn from_server<R: Rules>(effect: Effect<Server<R>>) -> Effect<Actor<R>> {
    match effect {
        Effect::SetTimer(timer, after) => Effect::SetTimer(Timer::Server(timer), after),
        Effect::CancelTimer(timer) => Effect::CancelTimer(Timer::Server(timer)),
        Effect::Connect(link) => Effect::Connect(link),
        Effect::Hangup(link) => Effect::Hangup(link),
        Effect::Send(link, msg) => Effect::Send(link, msg),
        Effect::Persist(write) => Effect::Persist(write),
        Effect::Job(job) => Effect::Job(job),
        Effect::Pause(link) => Effect::Pause(link),
        Effect::Resume(link) => Effect::Resume(link),
        Effect::Reply(never) => match never {},
        Effect::Note(note) => Effect::Note(Note::Server(note)),
        Effect::Halt(why) => Effect::Halt(why),
    }
}

fn from_client<R: Rules>(effect: Effect<Worker>) -> Option<Effect<Actor<R>>> {
    Some(match effect {
        Effect::SetTimer(timer, after) => Effect::SetTimer(Timer::Client(timer), after),
        Effect::CancelTimer(timer) => Effect::CancelTimer(Timer::Client(timer)),
        Effect::Connect(link) => Effect::Connect(link),
        Effect::Hangup(link) => Effect::Hangup(link),
        Effect::Send(link, client::Msg::ToServer(msg)) => {
            Effect::Send(link, message::Msg::ToServer(msg))
        }
        Effect::Send(link, client::Msg::ToClient(msg)) => {
            Effect::Send(link, message::Msg::ToClient(msg))
        }
        Effect::Pause(link) => Effect::Pause(link),
        Effect::Resume(link) => Effect::Resume(link),
        Effect::Reply(reply) => Effect::Reply(reply),
        Effect::Note(note) => Effect::Note(Note::Client(note)),
        Effect::Halt(why) => Effect::Halt(why),
        // A client has no disk.
        Effect::Persist(never) | Effect::Job(never) => match never {},
    })
}
