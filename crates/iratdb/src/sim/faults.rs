//! What else goes wrong, beside what [`super::workload`] does.

use super::world::World;
use crate::core::engine::Event;

pub(super) fn step(world: &mut World) {
    let index = world.random.below(world.nodes.len() as u64) as usize;
    let other = world.random.below(world.nodes.len() as u64) as usize;
    match world.random.below(10) {
        // One hears the other and not the reverse.
        0..=1 if index != other => {
            if !world.blocked.remove(&(index, other)) {
                world.fault(|| format!("{index} is not heard by {other}"));
                world.blocked.insert((index, other));
            }
        }
        2 => {
            world.note(|| "all hear each other".to_owned());
            world.blocked.clear();
        }
        3..=4 => {
            let until_ms = world.now_ms + world.random.below(800);
            world.fault(|| format!("{index} loses all until {until_ms} ms"));
            if let Some(node) = &mut world.nodes[index] {
                node.deaf_until_ms = until_ms;
            }
        }
        5 => nats(world, false),
        6..=7 => nats(world, true),
        _ => donor_dies(world),
    }
}

/// The server goes, or comes back.
fn nats(world: &mut World, up: bool) {
    world.note(|| format!("NATS is {}", if up { "there" } else { "gone" }));
    for index in 0..world.nodes.len() {
        let Some(node) = &mut world.nodes[index] else { continue };
        if std::mem::replace(&mut node.connected, up) != up {
            world.handle(index, if up { Event::Connected } else { Event::Disconnected });
        }
    }
}

/// A member that others are getting rows from crashes; if there is none, a joiner is started, so that there soon is one.
fn donor_dies(world: &mut World) {
    let donors: Vec<_> = world.nodes.iter().flatten().filter_map(|node| node.engine.donor()).collect();
    let is_donor = |index: &usize| world.nodes[*index].as_ref().is_some_and(|n| donors.contains(&n.engine.writer()));
    let found: Vec<_> = (0..world.nodes.len()).filter(is_donor).collect();
    if let Some(index) = found.first() {
        world.crash(*index);
    } else if let Some(index) = world.nodes.iter().position(Option::is_none) {
        world.start(index);
        let ms = world.random.below(60);
        world.advance(ms, true);
    }
}
