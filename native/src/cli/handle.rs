//! A client of the engine on real sockets: one thread owns it, a second one reads its connection.

use crate::net::socket::READ_BYTES;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use zabscope_core::base::{
    ClientId, Effect, Event, Link, Millis, Node, Now, Origin, SessionId, Sid,
};
use zabscope_core::client::{Call, CallId, Client, Config, Msg, Note, Reply, Timer};
use zabscope_core::proto::client::ToClient;
use zabscope_core::proto::frame::FrameBuffer;
use zabscope_core::proto::request::Request;
use zabscope_core::proto::{KeeperError, reply};
use zabscope_core::wire::Encode;

/// Largest answer that is read. A list of children may be larger than any request.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;
/// A server that takes no input for so long is left.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for the end of a session at its close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// What the owner of a client is told.
#[derive(Clone, Debug)]
pub enum Heard {
    /// By a client with this session.
    Reply(SessionId, Reply),
    /// A fact for people.
    Note(Note),
}

type Answer = Result<reply::Reply, KeeperError>;

enum Input {
    Call(Call),
    Ask(CallId, Request, Sender<Answer>),
    Follow(Sender<Heard>),
    Opened(u64, TcpStream),
    Came(u64, ToClient),
    Broken(u64),
    End,
}

/// A client that runs beside its owner. It ends when the handle is dropped.
#[derive(Debug)]
pub struct Handle {
    inputs: Sender<Input>,
    next_call: AtomicU64,
}

impl Handle {
    /// Starts a client of these servers (`host:port`), which begins to connect at once.
    #[must_use]
    pub fn start(servers: Vec<String>, session_timeout_ms: i32, seed: u64) -> Self {
        let (inputs, received) = channel();
        let sids = (1..).map(Sid).take(servers.len()).collect();
        let mut config = Config::new(ClientId(0), sids, session_timeout_ms, seed);
        let count = u64::try_from(servers.len()).unwrap_or(1).max(1);
        config.first = u32::try_from(seed % count).unwrap_or(0);
        let to_self = inputs.clone();
        thread::spawn(move || Runner::new(&config, servers, to_self).run(&received));
        Self { inputs, next_call: AtomicU64::new(1) }
    }

    /// Asks, and returns where the answer will come. Calls of one handle keep their order.
    pub fn ask(&self, request: Request) -> Receiver<Answer> {
        let (to, answer) = channel();
        let id = CallId(self.next_call.fetch_add(1, Ordering::Relaxed));
        let _ = self.inputs.send(Input::Ask(id, request, to));
        answer
    }

    /// Gives an order whose answer followers hear.
    pub fn call(&self, call: Call) {
        let _ = self.inputs.send(Input::Call(call));
    }

    /// Everything that the client tells from now on; the state that it is in comes first.
    #[must_use]
    pub fn follow(&self) -> Receiver<Heard> {
        let (to, heard) = channel();
        let _ = self.inputs.send(Input::Follow(to));
        heard
    }

    /// Closes the session, so that its ephemerals go now and not after its timeout.
    pub fn close(self) {
        let heard = self.follow();
        self.call(Call::Close);
        let end = Instant::now() + CLOSE_TIMEOUT;
        while let Ok(heard) = heard.recv_timeout(end.saturating_duration_since(Instant::now())) {
            if let Heard::Reply(_, Reply::State(state)) = heard
                && !state.is_alive()
            {
                return;
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let _ = self.inputs.send(Input::End);
    }
}

/// The thread that owns the client.
struct Runner {
    client: Client,
    servers: Vec<String>,
    to_self: Sender<Input>,
    timers: BTreeMap<Timer, Instant>,
    answers: BTreeMap<CallId, Sender<Answer>>,
    followers: Vec<Sender<Heard>>,
    /// The link of the connection and its number; what an earlier one brings is not listened to.
    link: Option<Link>,
    number: u64,
    stream: Option<TcpStream>,
    started: Instant,
}

impl Runner {
    fn new(config: &Config, servers: Vec<String>, to_self: Sender<Input>) -> Self {
        Self {
            client: Client::boot(config, ()),
            servers,
            to_self,
            timers: BTreeMap::new(),
            answers: BTreeMap::new(),
            followers: Vec::new(),
            link: None,
            number: 0,
            stream: None,
            started: Instant::now(),
        }
    }

    fn run(mut self, inputs: &Receiver<Input>) {
        self.feed(Event::Start);
        loop {
            let next = self.timers.values().min();
            let wait = next
                .map_or(Duration::from_secs(60), |at| at.saturating_duration_since(Instant::now()));
            match inputs.recv_timeout(wait) {
                Ok(Input::End) => return self.hang_up(),
                Ok(input) => self.take(input),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = Instant::now();
            let due: Vec<Timer> =
                self.timers.iter().filter(|(_, at)| **at <= now).map(|(timer, _)| *timer).collect();
            for timer in due {
                self.timers.remove(&timer);
                self.feed(Event::Timer(timer));
            }
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Call(call) => self.feed(Event::Call(call)),
            Input::Ask(id, request, answer) => {
                self.answers.insert(id, answer);
                self.feed(Event::Call(Call::Request { id, request }));
            }
            Input::Follow(follower) => {
                let state = Reply::State(self.client.state());
                let _ = follower.send(Heard::Reply(self.client.session(), state));
                self.followers.push(follower);
            }
            Input::Opened(number, stream) if number == self.number => {
                self.stream = Some(stream);
                if let Some(link) = self.link {
                    self.feed(Event::Linked(link, Origin { dialled: true, ip: None }));
                }
            }
            Input::Came(number, message) if number == self.number => {
                if let Some(link) = self.link {
                    self.feed(Event::Received(link, Msg::ToClient(message)));
                }
            }
            Input::Broken(number) if number == self.number => {
                self.hang_up();
                if let Some(link) = self.link.take() {
                    self.feed(Event::Unlinked(link));
                }
            }
            Input::Opened(..) | Input::Came(..) | Input::Broken(_) | Input::End => {}
        }
    }

    fn feed(&mut self, event: Event<Client>) {
        let elapsed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut effects = Vec::new();
        self.client.step(Now { mono: Millis(elapsed), wall_ms: 0 }, event, &mut effects);
        for effect in effects {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect<Client>) {
        match effect {
            Effect::SetTimer(timer, after) => {
                self.timers.insert(timer, Instant::now() + Duration::from_millis(after.0));
            }
            Effect::CancelTimer(timer) => {
                self.timers.remove(&timer);
            }
            Effect::Connect(link) => self.connect(link),
            Effect::Hangup(_) => {
                self.hang_up();
                self.link = None;
            }
            Effect::Send(_, Msg::ToServer(message)) => self.write(&message),
            Effect::Reply(reply) => self.tell(reply),
            Effect::Note(note) => {
                self.followers.retain(|follower| follower.send(Heard::Note(note)).is_ok());
            }
            Effect::Send(_, Msg::ToClient(_))
            | Effect::Pause(_)
            | Effect::Resume(_)
            | Effect::Halt(_) => {}
            Effect::Persist(never) | Effect::Job(never) => match never {},
        }
    }

    fn tell(&mut self, reply: Reply) {
        if let Reply::Done { id, result, .. } = &reply
            && let Some(answer) = self.answers.remove(id)
        {
            let _ = answer.send(result.clone());
            return;
        }
        let session = self.client.session();
        self.followers
            .retain(|follower| follower.send(Heard::Reply(session, reply.clone())).is_ok());
    }

    fn connect(&mut self, link: Link) {
        self.hang_up();
        self.link = Some(link);
        let Link::Server(Sid(sid)) = link else { return };
        let address = usize::try_from(sid - 1).ok().and_then(|at| self.servers.get(at)).cloned();
        let (number, inputs) = (self.number, self.to_self.clone());
        thread::spawn(move || {
            if let Some(address) = address {
                read_connection(number, &address, &inputs);
            }
            let _ = inputs.send(Input::Broken(number));
        });
    }

    fn hang_up(&mut self) {
        self.number += 1;
        if let Some(stream) = self.stream.take() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn write(&mut self, message: &impl Encode) {
        let Some(stream) = &mut self.stream else { return };
        let body = message.to_bytes();
        let Ok(len) = u32::try_from(body.len()) else { return };
        let mut frame = Vec::with_capacity(body.len() + 4);
        frame.extend_from_slice(&len.to_be_bytes());
        frame.extend_from_slice(&body);
        if stream.write_all(&frame).is_err() {
            let _ = self.to_self.send(Input::Broken(self.number));
        }
    }
}

/// Connects and reads until the connection is over, or nobody listens any more.
fn read_connection(number: u64, address: &str, inputs: &Sender<Input>) {
    let Ok(addresses) = address.to_socket_addrs() else { return };
    let mut addresses =
        addresses.filter_map(|at| TcpStream::connect_timeout(&at, WRITE_TIMEOUT).ok());
    let Some(mut stream) = addresses.next() else { return };
    let _ = stream.set_nodelay(true);
    let _ = stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let Ok(writer) = stream.try_clone() else { return };
    if inputs.send(Input::Opened(number, writer)).is_err() {
        return;
    }
    let mut frames = FrameBuffer::new(0..=ANSWER_BYTES_MAX);
    let mut buffer = vec![0; READ_BYTES];
    let mut first = true;
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        frames.push(&buffer[..count]);
        loop {
            let frame = match frames.next_frame() {
                Ok(None) => break,
                Ok(Some(frame)) => frame,
                Err(_) => return,
            };
            let Ok(message) = ToClient::decode(frame, first) else { return };
            first = false;
            if inputs.send(Input::Came(number, message)).is_err() {
                return;
            }
        }
    }
}
