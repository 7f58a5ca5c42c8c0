//! Acts on what is chosen, and the marking of a partition.

use super::App;
use crate::act::Act;
use crate::lab::create;
use crate::living;
use crate::order::{Doing, Selection};
use zabscope_core::base::{ClientId, NodeId};
use zabscope_core::proto::request::Request;

/// What the keys for writing and reading are about: every run of the page begins with it.
const HELLO: &str = "/hello";

impl App {
    /// Does it, or says why not.
    #[inline(never)]
    pub(super) fn perform(&mut self, act: &Act) {
        match act.directives(self.lab.sim()) {
            Ok(directives) if directives.is_empty() => self.tell("It is so already."),
            Ok(directives) => {
                self.lab.direct_all(directives);
                self.acted();
            }
            Err(why) => self.tell(why),
        }
    }

    /// Says something to those who look and to those who listen.
    pub(super) fn tell(&mut self, text: &str) {
        text.clone_into(&mut self.pace.notice);
        text.clone_into(&mut self.said);
    }

    /// What a letter means for what is chosen.
    #[inline(never)]
    pub(super) fn letter(&mut self, letter: char) {
        match self.act_of(letter) {
            Ok(Some(act)) => self.perform(&act),
            Ok(None) => {}
            Err(missing) => self.tell(missing),
        }
    }

    /// The act of a letter; none if it was something else, which is done then.
    fn act_of(&mut self, letter: char) -> Result<Option<Act>, &'static str> {
        Ok(Some(match letter {
            'k' | 'K' => Act::Crash { node: self.chosen_node()?, power: letter == 'K' },
            'r' => Act::Start(self.chosen_node()?),
            'z' => {
                let node = self.chosen_node()?;
                Act::Freeze(node, !self.lab.sim().frozen().contains(&node))
            }
            't' => Act::FireNext(self.chosen_node()?),
            'd' => match self.selection {
                Some(Selection::Message(id)) => Act::Drop(id),
                Some(Selection::Link(a, b)) => Act::Break(a, b),
                _ => return Err("Choose a message or a link first."),
            },
            'h' | 'u' => match self.selection {
                Some(Selection::Message(id)) => Act::HoldMessage(id, letter == 'h'),
                Some(Selection::Link(a, b)) => Act::HoldBoth(a, b, letter == 'h'),
                _ => return Err("Choose a message or a link first."),
            },
            'x' => Act::Expire(living::of(&self.lab, self.client)),
            'p' if !self.marking && !self.lab.world().network().cuts().is_empty() => Act::HealAll,
            'p' => {
                self.begin_marking(!self.marking);
                return Ok(None);
            }
            '\n' => {
                self.marking = false;
                Act::Partition(core::mem::take(&mut self.side))
            }
            'w' | 'e' if !self.runs(self.client) => {
                return Err("The chosen client does not run: start it first.");
            }
            'w' | 'e' => {
                let request = if letter == 'e' {
                    Request::GetData { path: HELLO.into(), watch: false }
                } else {
                    self.written()
                };
                self.lab.ask(self.client, request);
                self.acted();
                return Ok(None);
            }
            _ => return self.chosen_node().map(|_| None),
        }))
    }

    /// A write that can be told from the one before; it makes the znode if somebody deleted it.
    fn written(&self) -> Request {
        let data = format!("event {}", self.lab.index());
        let mut servers = self.lab.world().slots().values().filter_map(|slot| slot.process());
        let exists = servers.any(|actor| {
            actor.server().is_some_and(|server| server.image().tree.get(HELLO).is_some())
        });
        if exists {
            Request::SetData {
                path: HELLO.into(),
                data: Some(data.into_bytes().into()),
                version: -1,
            }
        } else {
            create(HELLO, &data, 0)
        }
    }

    fn chosen_node(&self) -> Result<NodeId, &'static str> {
        let node = self.selection.as_ref().and_then(Selection::node);
        node.ok_or("Choose a server or a client first.")
    }

    /// Adds a node to the side that is marked, or takes it out.
    #[inline(never)]
    pub(super) fn mark(&mut self, node: NodeId) {
        self.doing = Doing::Faults;
        if let Some(place) = self.side.iter().position(|other| *other == node) {
            self.side.remove(place);
        } else {
            self.side.push(node);
            self.side.sort_unstable();
        }
        let names: Vec<String> = self.side.iter().map(ToString::to_string).collect();
        self.tell(&match names.len() {
            0 => "Nobody is on this side.".to_owned(),
            _ => format!("On one side: {}. Enter cuts it off.", names.join(", ")),
        });
    }

    /// Begins to mark sides with the keys, or ends it.
    #[inline(never)]
    pub(super) fn begin_marking(&mut self, marking: bool) {
        self.marking = marking;
        self.side.clear();
        if marking {
            self.doing = Doing::Faults;
            self.tell("Which servers are cut off? Press their numbers, then Enter.");
        } else {
            self.tell("No partition.");
        }
    }

    /// A client that the run does not have is not chosen.
    pub(super) fn choose_known(&mut self) {
        if self.lab.world().slot(NodeId::Client(self.client)).is_none() {
            self.client = ClientId(1);
        }
    }
}
