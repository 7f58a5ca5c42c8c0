//! The world and the simulation with a small node of their own.

mod run;
mod toy;
mod world;
