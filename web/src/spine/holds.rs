//! The right column of the spine: tiles of the log, or votes.

use super::SpineView;
use super::matrix::{Matrix, Tile};
use super::votes::Heard;
use yew::prelude::*;
use zabscope_core::base::Zxid;

const TILE: u32 = 27;
const GAP: u32 = 2;
const EPOCH_GAP: u32 = 12;

/// Left edges of the columns, and the width of all.
fn places(columns: &[Zxid]) -> (Vec<u32>, u32) {
    let mut x = 0;
    let mut last: Option<Zxid> = None;
    let places = columns.iter().map(|zxid| {
        if last.is_some_and(|last| last.epoch() != zxid.epoch()) {
            x += EPOCH_GAP - GAP;
        }
        last = Some(*zxid);
        let here = x;
        x += TILE + GAP;
        here
    });
    let places: Vec<u32> = places.collect();
    (places, x)
}

/// Name of the style class of an epoch.
fn epoch_class(zxid: Zxid) -> &'static str {
    ["e0", "e1", "e2", "e3"].get((zxid.epoch().0 & 3) as usize).copied().unwrap_or("e0")
}

/// What a tile says, in words.
#[must_use]
pub const fn tile_word(tile: Tile) -> &'static str {
    match tile {
        Tile::Absent => "not there",
        Tile::Proposed => "proposed",
        Tile::Logged => "logged",
        Tile::Synced => "on disk",
        Tile::Committed => "committed",
        Tile::Applied => "applied",
    }
}

const fn tile_class(tile: Tile) -> &'static str {
    match tile {
        Tile::Absent => "absent",
        Tile::Proposed => "proposed",
        Tile::Logged => "logged",
        Tile::Synced => "synced",
        Tile::Committed => "committed",
        Tile::Applied => "applied",
    }
}

/// Epochs above their columns.
pub fn matrix_head(matrix: &Matrix) -> Html {
    let (places, width) = places(&matrix.columns);
    let mut epochs: Vec<(Zxid, u32, u32)> = Vec::new();
    for (zxid, x) in matrix.columns.iter().zip(places) {
        match epochs.last_mut() {
            Some((last, _, end)) if last.epoch() == zxid.epoch() => *end = x + TILE,
            _ => epochs.push((*zxid, x, x + TILE)),
        }
    }
    html! {
        <svg class="tiles" width={width.to_string()} height="28" role="presentation">
            { for epochs.into_iter().map(|(zxid, x, end)| html! {
                <g class={epoch_class(zxid)}>
                    <text x={x.to_string()} y="14">
                        { if end - x > 50 { format!("epoch {}", zxid.epoch()) }
                          else { format!("e{}", zxid.epoch()) } }
                    </text>
                    <rect x={x.to_string()} y="20" width={(end - x).to_string()} height="3" />
                </g>
            }) }
        </svg>
    }
}

/// The tiles of one replica.
pub fn matrix_row(matrix: &Matrix, row: usize) -> Html {
    let (places, width) = places(&matrix.columns);
    let Some(tiles) = matrix.rows.get(row) else { return Html::default() };
    let spoken: Vec<String> = matrix
        .columns
        .iter()
        .zip(tiles)
        .map(|(zxid, (tile, cut))| {
            let cut = if *cut { ", to be removed" } else { "" };
            format!("{zxid} {}{cut}", tile_word(*tile))
        })
        .collect();
    html! {
        <svg class="tiles" width={width.to_string()} height="22" role="img"
            aria-label={spoken.join("; ")}>
            { for matrix.columns.iter().zip(tiles).zip(places).map(|((zxid, (tile, cut)), x)| {
                tile_of(*zxid, *tile, *cut, x)
            }) }
        </svg>
    }
}

/// All tiles have the same parts, and their class says what is seen of them: what changes with a
/// transaction's progress is one attribute.
fn tile_of(zxid: Zxid, tile: Tile, cut: bool, x: u32) -> Html {
    let class = classes!("tile", tile_class(tile), epoch_class(zxid), cut.then_some("cut"));
    html! {
        <g {class} transform={format!("translate({x})")}>
            <rect x="1" y="1" width="25" height="20" rx="3" />
            <text x="13.5" y="15.5">{ zxid.counter() }</text>
            <path class="tick" d="M18.5 8l2 2 3.5-4.5" />
            <path class="dash" d="M10 11h7" />
            <path class="strike" d="M2 2 25 20" />
        </g>
    }
}

/// Ids above the votes.
pub fn votes_head(spine: &SpineView) -> Html {
    html! {
        <div class="votes">
            { for (1..=spine.votes.len()).map(|sid| html! { <span>{ sid }</span> }) }
            <span class="count">{ "equal votes" }</span>
        </div>
    }
}

/// What one server holds of votes.
pub fn votes_row(spine: &SpineView, row: usize, quorum: usize) -> Html {
    let Some(Some(votes)) = spine.votes.get(row) else {
        return html! { <span class="second">{ "does not look" }</span> };
    };
    let cell = |place: usize, heard: Option<Heard>| {
        let mine = i64::try_from(place + 1) == Ok(votes.sid);
        let (vote, settled) = (heard.filter(|it| !it.settled), heard.is_some_and(|it| it.settled));
        let class = classes!(
            "vote",
            mine.then_some("mine"),
            vote.is_some_and(|vote| Some(vote.leader) == votes.own).then_some("equal")
        );
        let mark = heard.map_or_else(|| "–".to_owned(), |heard| heard.leader.to_string());
        html! {
            <svg {class} viewBox="-13 -13 26 26" width="26" height="26" aria-hidden="true">
                if mine { <rect x="-12.5" y="-12.5" width="25" height="25" rx="4" /> }
                if vote.is_some() { <path d="M0-11 11 0 0 11-11 0z" /> }
                if settled { <path d="M-7 9H7" /> }
                <text y="4">{ mark }</text>
            </svg>
        }
    };
    let spoken = votes.heard.iter().enumerate().filter_map(|(place, vote)| {
        vote.map(|Heard { leader, settled }| match place + 1 {
            sid if !settled => format!("server {sid} votes for {leader}"),
            sid if i64::try_from(sid) == Ok(leader) => format!("server {sid} leads"),
            sid => format!("server {sid} follows {leader}"),
        })
    });
    let spoken: Vec<String> = spoken.collect();
    html! {
        <div class="votes" role="img"
            aria-label={format!("{}; {} of {quorum} equal", spoken.join(", "), votes.equal)}>
            { for votes.heard.iter().enumerate().map(|(place, vote)| cell(place, *vote)) }
            <span class="count"><b>{ format!("{} of {quorum}", votes.equal) }</b></span>
        </div>
    }
}
