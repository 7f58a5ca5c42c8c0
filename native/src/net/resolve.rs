//! Names of other servers are looked up beside the driver's thread: a name server that does not
//! answer would stop it for seconds, with all its clients and pings.

use mio::Waker;
use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use zabscope_core::base::Link;

/// Look-ups that may be under way, wanted or not any more.
const LOOKUPS_MAX: usize = 32;

/// Look-ups and their answers.
#[derive(Debug)]
pub struct Resolver {
    waker: Arc<Waker>,
    answers: Sender<Answer>,
    inbox: Receiver<Answer>,
    /// For which link an address is wanted, by the number of its look-up.
    wanted: BTreeMap<Link, u64>,
    last: u64,
    under_way: usize,
}

#[derive(Debug)]
struct Answer {
    number: u64,
    link: Link,
    address: Option<SocketAddr>,
}

/// What is known at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// It is an address in numbers.
    Found(SocketAddr),
    /// The answer comes by [`Resolver::answer`], behind a wake-up.
    Later,
    /// Too many look-ups hang.
    Failed,
}

impl Resolver {
    /// `waker` wakes the owner for each answer.
    pub fn new(waker: Arc<Waker>) -> Self {
        let (answers, inbox) = channel();
        Self { waker, answers, inbox, wanted: BTreeMap::new(), last: 0, under_way: 0 }
    }

    /// Looks for the address of `host:port`, to open this link.
    pub fn look_up(&mut self, link: Link, text: &str) -> Looked {
        if let Ok(address) = text.parse() {
            return Looked::Found(address);
        }
        if self.under_way >= LOOKUPS_MAX {
            return Looked::Failed;
        }
        self.last += 1;
        let (number, text, answers) = (self.last, text.to_owned(), self.answers.clone());
        let waker = Arc::clone(&self.waker);
        let started = thread::Builder::new().name("resolver".into()).spawn(move || {
            let address = look_up(&text);
            let _ = answers.send(Answer { number, link, address });
            let _ = waker.wake();
        });
        if let Err(error) = started {
            tracing::warn!(%error, "no thread to look up a name");
            return Looked::Failed;
        }
        self.under_way += 1;
        self.wanted.insert(link, number);
        Looked::Later
    }

    /// True while an address for this link is being looked for.
    pub fn is_wanted(&self, link: Link) -> bool {
        self.wanted.contains_key(&link)
    }

    /// The link is not to be opened any more.
    pub fn forget(&mut self, link: Link) {
        self.wanted.remove(&link);
    }

    /// The next answer that is still wanted; without an address the name is not known.
    pub fn answer(&mut self) -> Option<(Link, Option<SocketAddr>)> {
        while let Ok(Answer { number, link, address }) = self.inbox.try_recv() {
            self.under_way -= 1;
            if self.wanted.get(&link) == Some(&number) {
                self.wanted.remove(&link);
                return Some((link, address));
            }
        }
        None
    }
}

fn look_up(text: &str) -> Option<SocketAddr> {
    match text.to_socket_addrs() {
        Ok(mut found) => found.next(),
        Err(error) => {
            tracing::warn!(address = %text, %error, "the address of a server is not known");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mio::{Events, Poll, Token};
    use std::time::Duration;
    use zabscope_core::base::Sid;

    fn wait(poll: &mut Poll, resolver: &mut Resolver) -> Option<(Link, Option<SocketAddr>)> {
        let mut events = Events::with_capacity(4);
        for _ in 0..60 {
            if let Some(answer) = resolver.answer() {
                return Some(answer);
            }
            poll.poll(&mut events, Some(Duration::from_secs(1))).unwrap();
        }
        None
    }

    #[test]
    fn names_come_later_and_only_if_they_are_still_wanted() {
        let mut poll = Poll::new().unwrap();
        let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
        let mut resolver = Resolver::new(waker);
        let (one, two) = (Link::Quorum(Sid(1)), Link::Quorum(Sid(2)));

        let numbers = resolver.look_up(one, "127.0.0.1:2888");
        assert_eq!(numbers, Looked::Found("127.0.0.1:2888".parse().unwrap()));
        assert!(!resolver.is_wanted(one));

        assert_eq!(resolver.look_up(one, "localhost:2888"), Looked::Later);
        assert!(resolver.is_wanted(one));
        let (link, address) = wait(&mut poll, &mut resolver).unwrap();
        let address = address.unwrap();
        assert_eq!((link, address.port(), address.ip().is_loopback()), (one, 2888, true));

        // Two for one link: only the second counts. The first was forgotten with its stream.
        assert_eq!(resolver.look_up(two, "localhost:1"), Looked::Later);
        resolver.forget(two);
        assert_eq!(resolver.look_up(two, "localhost:2"), Looked::Later);
        let (_, address) = wait(&mut poll, &mut resolver).unwrap();
        assert_eq!(address.map(|address| address.port()), Some(2));

        // A name that nobody has, by the rules for names.
        assert_eq!(resolver.look_up(two, "server.invalid:2888"), Looked::Later);
        assert_eq!(wait(&mut poll, &mut resolver), Some((two, None)));
    }
}
