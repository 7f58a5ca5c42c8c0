//! What a person can want of the page, as one type.

use crate::act::Act;
use crate::console::Typed;
use crate::palette::Pick;
use crate::share::Sharing;
use crate::spine::walk::Toward;
use crate::tour;
use crate::travel::Travel;
use std::rc::Rc;
use zabscope_core::base::{ClientId, NodeId, Sid};
use zabscope_core::cli::Command;
use zabscope_core::guide::Permit;
use zabscope_core::proto::request::Request;

/// Who takes part in a run, and its seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ensemble {
    /// Servers with a vote.
    pub voters: u8,
    /// Servers without.
    pub observers: u8,
    /// Clients.
    pub clients: u8,
    /// Of all latencies.
    pub seed: u64,
}

/// What is chosen on the stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// A server.
    Server(i64),
    /// The link between two nodes, the smaller first.
    Link(NodeId, NodeId),
    /// A message of the run, by its number.
    Message(u64),
    /// A client with the session that it has, or had last.
    Session(ClientId),
    /// A znode, by its path; it need not exist.
    Znode(Rc<str>),
}

impl Selection {
    /// Its name in links and lists, which leads back.
    #[must_use]
    pub fn name(&self) -> String {
        let node = |node: &NodeId| match node {
            NodeId::Server(Sid(sid)) => format!("s{sid}"),
            NodeId::Client(ClientId(id)) => format!("c{id}"),
        };
        match self {
            Self::Server(sid) => format!("s{sid}"),
            Self::Link(a, b) => format!("{}-{}", node(a), node(b)),
            Self::Message(id) => format!("m{id}"),
            Self::Session(ClientId(id)) => format!("c{id}"),
            Self::Znode(path) => format!("z{path}"),
        }
    }

    /// What a name stands for; `None` if for nothing.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let node = |text: &str| {
            if let Some(sid) = text.strip_prefix('s') {
                return Some(NodeId::Server(Sid(sid.parse().ok()?)));
            }
            Some(NodeId::Client(ClientId(text.strip_prefix('c')?.parse().ok()?)))
        };
        // A path may contain anything.
        if let Some(path) = name.strip_prefix('z') {
            return path.starts_with('/').then(|| Self::Znode(path.into()));
        }
        if let Some((a, b)) = name.split_once('-') {
            return Some(Self::Link(node(a)?, node(b)?));
        }
        if let Some(id) = name.strip_prefix('m') {
            return id.parse().ok().map(Self::Message);
        }
        Some(match node(name)? {
            NodeId::Server(sid) => Self::Server(sid.0),
            NodeId::Client(client) => Self::Session(client),
        })
    }

    /// The node that it is, if it is one.
    #[must_use]
    pub const fn node(&self) -> Option<NodeId> {
        match *self {
            Self::Server(sid) => Some(NodeId::Server(Sid(sid))),
            Self::Session(client) => Some(NodeId::Client(client)),
            Self::Link(..) | Self::Message(_) | Self::Znode(_) => None,
        }
    }
}

/// How much of a run is read aloud while time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speech {
    /// Nothing, but that a quorum is lost.
    Off,
    /// What is worth a line of the log.
    #[default]
    Milestones,
    /// Every event.
    All,
}

impl Speech {
    /// All, with their words.
    pub const ALL: [(Self, &str); 3] = [
        (Self::Off, "nothing"),
        (Self::Milestones, "what is worth a line of the log"),
        (Self::All, "every event"),
    ];
}

/// What the dock shows. On a telephone, where there is one column, also what stands beside the
/// stage elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The left column: narration, or what can be done.
    #[default]
    Say,
    /// The right column: what is chosen.
    Inspect,
    /// Servers and time.
    Diagram,
    /// What happened.
    Events,
    /// The znodes.
    Tree,
    /// Charts and searches.
    Charts,
}

impl Tab {
    /// All, in the order of their keys.
    pub const ALL: [Self; 6] =
        [Self::Say, Self::Inspect, Self::Diagram, Self::Events, Self::Tree, Self::Charts];

    /// True if it shows the diagram, at least where the screen is wide.
    #[must_use]
    pub const fn has_diagram(self) -> bool {
        matches!(self, Self::Say | Self::Inspect | Self::Diagram)
    }

    /// Its name in the page: part of ids and of style rules.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Say => "say",
            Self::Inspect => "inspect",
            Self::Diagram => "diagram",
            Self::Events => "events",
            Self::Tree => "tree",
            Self::Charts => "charts",
        }
    }
}

/// What of the left column is open beside a free run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Doing {
    /// Asking as a client.
    #[default]
    Clients,
    /// Servers, links and messages.
    Faults,
}

/// What a person wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Let time pass, or stop it.
    Toggle,
    /// One event forward.
    Forward,
    /// One event back.
    Back,
    /// To the moment before this step.
    Seek(u64),
    /// One stop faster or slower.
    Faster(bool),
    /// Pass heartbeats quickly, or not.
    SkipIdle(bool),
    /// Another journey through time.
    Travel(Travel),
    /// Show the list of branches.
    Branches,
    /// Links and files.
    Share(Sharing),
    /// On, or back, in a guided run.
    Tour(tour::Pace),
    /// Show this in the dock.
    Tab(Tab),
    /// Choose something, or nothing.
    Select(Option<Selection>),
    /// From the chosen message along cause and effect.
    Walk(Toward),
    /// To the moment behind a step that led to what is chosen.
    Trace(u64),
    /// To the moment at which the chosen message was sent.
    GoThere,
    /// Choose a client.
    ChooseClient(ClientId),
    /// Kill whoever leads, and let time pass; with loss of what is not on disk.
    KillLeader(bool),
    /// Have a client ask.
    Ask(ClientId, Request),
    /// The chosen client runs a command.
    Command(Command),
    /// What was asked for cannot be understood: why.
    Wrong(String),
    /// Something is typed into the command line.
    Type(Typed),
    /// A client starts or closes its session.
    Session(ClientId, bool),
    /// Something is done to nodes, links or messages.
    Act(Act),
    /// What this letter means for what is chosen.
    Letter(char),
    /// A node goes to the side of a partition that is being marked, or leaves it.
    Mark(NodeId),
    /// The sides of a partition are marked with the keys, or no more.
    Marking(bool),
    /// This part of the left column.
    Doing(Doing),
    /// Single letters are orders, or not.
    Letters(bool),
    /// Messages travel, or stand as arrows and time goes from event to event.
    Motion(bool),
    /// How much is read aloud.
    Speech(Speech),
    /// A new run: servers with a vote, servers without, clients, seed.
    Run(Ensemble),
    /// Back to this one of the runs before.
    Again(usize),
    /// The list of all orders.
    Pick(Pick),
    /// The other theme.
    Theme,
}

impl Order {
    /// Of which kind of acts it is; `None` if it does nothing to the run.
    #[must_use]
    pub const fn permit(&self) -> Option<Permit> {
        Some(match self {
            Self::Act(act) => act.permit(),
            Self::KillLeader(_) => Permit::Crash,
            Self::Mark(_) | Self::Marking(_) => Permit::Cut,
            Self::Ask(..) | Self::Command(_) => Permit::Ask,
            Self::Session(..) => Permit::Session,
            Self::Letter(letter) => match letter {
                'k' | 'K' => Permit::Crash,
                'r' => Permit::Start,
                'z' => Permit::Freeze,
                't' => Permit::Timer,
                'h' | 'u' => Permit::Hold,
                'w' | 'e' => Permit::Ask,
                'x' => Permit::Session,
                '<' | '>' => return None,
                _ => Permit::Cut,
            },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_has_a_name_that_leads_back() {
        let (s, c) = (NodeId::Server(Sid(3)), NodeId::Client(ClientId(2)));
        for one in [
            Selection::Server(7),
            Selection::Link(s, c),
            Selection::Message(12),
            Selection::Session(ClientId(3)),
            Selection::Znode("/a-b c".into()),
        ] {
            assert_eq!(Selection::named(&one.name()), Some(one));
        }
        for wrong in ["", "s", "x1", "s1-", "m", "s1-x2", "c", "c-1", "z", "za", "-"] {
            assert_eq!(Selection::named(wrong), None, "{wrong}");
        }
    }
}
