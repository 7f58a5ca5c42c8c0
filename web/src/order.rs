//! What a person can want of the page, as one type.

use crate::act::Act;
use crate::console::Typed;
use crate::palette::Pick;
use crate::share::Sharing;
use crate::spine::walk::Toward;
use crate::tour;
use crate::travel::Travel;
use zabscope_core::base::{ClientId, NodeId};
use zabscope_core::cli::Command;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// A server.
    Server(i64),
    /// The link between two nodes, the smaller first.
    Link(NodeId, NodeId),
    /// A message of the run, by its number.
    Message(u64),
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
    /// To the moment at which the chosen message was sent.
    GoThere,
    /// Choose a client.
    ChooseClient(ClientId),
    /// Kill whoever leads, and let time pass.
    KillLeader,
    /// End a server; with loss of what is not on disk.
    Kill(i64, bool),
    /// Start it again.
    Restart(i64),
    /// Nothing passes from the first to the second, or it passes again.
    Cut(NodeId, NodeId, bool),
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
    /// A new run: servers with a vote, servers without, clients, seed.
    Run(Ensemble),
    /// The list of all orders.
    Pick(Pick),
    /// The other theme.
    Theme,
}
