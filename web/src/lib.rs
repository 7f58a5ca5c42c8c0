//! The page: everything the browser tab shows, as a library so that tests can reach it.
//!
//! The parts, lower ones first; a part uses only those above it:
//!
//! * [`message`]: how one message is drawn.
//! * [`lab`]: the simulation with its cursor, and what has been seen of the run.
//! * [`share`]: links and files, and what the tab keeps.
//! * [`tour`]: a guided run. [`progress`]: how far somebody has come. [`lit`]: what a step speaks of.
//! * [`chart`]: what a chart shows. [`desk`]: charts and long work on the page. [`work`]: the work
//!   itself and the drawing, in a second module that is loaded at first use.
//! * [`travel`]: through time. [`run_view`]: plain data of the whole run.
//! * [`view`]: plain data of one moment; all that is drawn comes from there.
//! * [`spine`]: participants in time, what they hold, cause and effect.
//! * [`detail`]: what is chosen, down to the bytes; the trees beside each other.
//! * [`act`]: what is done to nodes, links and messages. [`console`]: the command line.
//! * [`order`]: what a person can want. [`keys`]: by the keyboard. [`palette`]: by a list.
//!   [`rove`]: arrow keys within a group, and the focus. [`route`]: which page it is.
//! * [`svg`]: elements outside of Yew. [`deadline`]: how long a picture may take. [`scene`]: the drawing. [`panels`]: the controls around it. [`page`]: where they stand.
//! * [`settings`]: what stays in this browser.
//! * [`later`]: code that is loaded after the first screen.
//! * [`app`]: the component that holds the lab and redraws.

pub mod act;
pub mod app;
pub mod chart;
pub mod committed;
pub mod console;
pub mod deadline;
pub mod desk;
pub mod detail;
pub mod keys;
pub mod lab;
pub mod later;
pub mod lit;
pub mod living;
pub mod media;
pub mod message;
pub mod order;
pub mod page;
pub mod palette;
pub mod panels;
pub mod panic;
pub mod progress;
pub mod route;
pub mod rove;
pub mod run_view;
pub mod scene;
pub mod settings;
pub mod share;
pub mod spine;
pub mod svg;
pub mod tour;
pub mod travel;
pub mod view;
pub mod work;

pub use zabscope_core::tell;
