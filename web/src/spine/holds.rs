//! The right column of the spine: tiles of the log, or votes.

use super::SpineView;
use super::matrix::{Matrix, Tile};
use super::votes::{Heard, Votes};
use crate::svg::{Often, element, set, set_word, write};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Element;
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

/// Name of the style class of an epoch: neighbouring ones differ in colour.
pub(super) fn epoch_class(zxid: Zxid) -> &'static str {
    ["e0", "e1", "e2", "e3"].get((zxid.epoch().0 & 3) as usize).copied().unwrap_or("e0")
}

/// What a tile says, in words.
#[must_use]
pub const fn tile_word(tile: Tile) -> &'static str {
    match tile {
        Tile::Absent => "not there",
        Tile::Proposed => "proposed",
        Tile::Writing => "being written",
        Tile::Logged => "logged",
        Tile::Committed => "committed",
        Tile::Ahead => "applied, being written",
        Tile::Applied => "applied",
    }
}

const fn tile_class(tile: Tile) -> &'static str {
    match tile {
        Tile::Absent => "absent",
        Tile::Proposed => "proposed",
        Tile::Writing => "writing",
        Tile::Logged => "logged",
        Tile::Committed => "committed",
        Tile::Ahead => "ahead",
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

/// What the tiles of one replica are drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct TilesProps {
    columns: Vec<Zxid>,
    tiles: Vec<(Tile, bool)>,
}

impl TilesProps {
    /// A row of the matrix.
    #[must_use]
    pub fn of(matrix: &Matrix, row: usize) -> Option<Self> {
        let tiles = matrix.rows.get(row)?.clone();
        Some(Self { columns: matrix.columns.clone(), tiles })
    }
}

/// The tiles of one replica. While the log grows all of them change with each drawing, by an
/// attribute or two: these are set outside of Yew, which would make and compare all parts of each.
#[component]
pub fn Tiles(props: &TilesProps) -> Html {
    let TilesProps { columns, tiles } = props;
    let (host, drawn) = (use_node_ref(), use_mut_ref(Vec::new));
    let (_, width) = places(columns);
    let spoken = columns.iter().zip(tiles).map(|(zxid, (tile, cut))| {
        let cut = if *cut { ", to be removed" } else { "" };
        format!("{zxid} {}{cut}", tile_word(*tile))
    });
    let spoken: Vec<String> = spoken.collect();
    {
        let host = host.clone();
        use_effect_with(props.clone(), move |props| {
            if let Some(svg) = host.cast::<Element>() {
                let mut drawn = drawn.borrow_mut();
                // What a browser refuses is made anew with the next drawing.
                if draw(&svg, &mut drawn, props).is_err() {
                    svg.set_text_content(None);
                    drawn.clear();
                }
            }
        });
    }
    html! {
        <svg class="tiles" width={width.to_string()} height="22" role="img"
            aria-label={spoken.join("; ")} ref={host}></svg>
    }
}

/// All tiles have the same parts, and their class says what is seen of them: what changes with a
/// transaction's progress is one attribute.
const PARTS: &str = "<rect x=\"1\" y=\"1\" width=\"25\" height=\"20\" rx=\"3\"/>\
    <text x=\"13.5\" y=\"15.5\"></text><path class=\"tick\" d=\"M18.5 8l2 2 3.5-4.5\"/>\
    <path class=\"dash\" d=\"M10 11h7\"/><path class=\"strike\" d=\"M2 2 25 20\"/>";

/// A tile in the page: its group and its words, and what they show.
#[derive(Debug)]
struct Drawn {
    whole: Element,
    words: Element,
    counter: Option<u32>,
    class: [&'static str; 3],
    x: Option<u32>,
}

/// Makes a drawing show the tiles of a row.
fn draw(svg: &Element, drawn: &mut Vec<Drawn>, props: &TilesProps) -> Result<(), JsValue> {
    let (places, _) = places(&props.columns);
    for gone in drawn.drain(props.tiles.len().min(drawn.len())..) {
        gone.whole.remove();
    }
    while drawn.len() < props.tiles.len() {
        let whole = match drawn.first() {
            Some(other) => other.whole.clone_node_with_deep(true)?.unchecked_into::<Element>(),
            None => {
                let whole = element("g")?;
                whole.set_inner_html(PARTS);
                whole
            }
        };
        let words = whole.children().item(1).ok_or(JsValue::NULL)?;
        svg.append_child(&whole)?;
        drawn.push(Drawn { whole, words, counter: None, class: [""; 3], x: None });
    }
    let wanted = props.columns.iter().zip(&props.tiles).zip(places);
    for (tile, ((zxid, (state, cut)), x)) in drawn.iter_mut().zip(wanted) {
        let cut = if *cut { " cut" } else { "" };
        let class = [tile_class(*state), epoch_class(*zxid), cut];
        if tile.class != class {
            tile.class = class;
            let [state, epoch, cut] = class;
            set_word(&tile.whole, Often::Class, &["tile ", state, " ", epoch, cut].concat());
        }
        if tile.x.replace(x) != Some(x) {
            set(&tile.whole, Often::Transform, &format!("translate({x})"));
        }
        let counter = zxid.counter();
        if tile.counter.replace(counter) != Some(counter) {
            write(&tile.words, &counter.to_string());
        }
    }
    Ok(())
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
pub fn votes_row(votes: Option<&Votes>, quorum: usize) -> Html {
    let Some(votes) = votes else {
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
            aria-label={format!("{}; {} equal, {quorum} needed", spoken.join(", "), votes.equal)}>
            { for votes.heard.iter().enumerate().map(|(place, vote)| cell(place, *vote)) }
            <span class="count"><b>{ format!("{}, {quorum} needed", votes.equal) }</b></span>
        </div>
    }
}
