//! The rule of [`super`], on rows that are numbers: which of them are visible.

/// A row and what it depends on, among the rows in question.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// Hidden by something that is not in question.
    pub(super) out: bool,
    /// For each foreign key that rows not in question do not satisfy, the rows that would.
    pub(super) needs: Vec<Vec<usize>>,
}

/// Rows and their clashes.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// The rows, from the latest rank to the earliest.
    pub(super) nodes: Vec<Node>,
    /// Rows that claim the same key of the same UNIQUE constraint, from the latest claim to the earliest.
    pub(super) groups: Vec<Vec<usize>>,
}

fn has(set: &[bool], at: usize) -> bool {
    set.get(at).copied().unwrap_or(false)
}

fn put(set: &mut [bool], at: usize, value: bool) {
    if let Some(entry) = set.get_mut(at) {
        *entry = value;
    }
}

impl Graph {
    /// Which rows are visible.
    pub(super) fn solve(&self) -> Vec<bool> {
        let mut dropped: Vec<bool> = self.nodes.iter().map(|node| node.out).collect();
        loop {
            let mut possible = self.allowed(&dropped, &vec![false; self.nodes.len()]);
            let mut sure = self.allowed(&dropped, &possible);
            loop {
                let next = self.allowed(&dropped, &sure);
                let same = next == possible;
                possible = next;
                if same {
                    break;
                }
                sure = self.allowed(&dropped, &possible);
            }
            if possible == sure {
                return sure;
            }
            let open: Vec<bool> = possible.iter().zip(&sure).map(|(possible, sure)| *possible && !sure).collect();
            let losers = self.losers(&open, &sure);
            if losers.is_empty() {
                return sure;
            }
            losers.into_iter().for_each(|at| put(&mut dropped, at, true));
        }
    }

    /// The most rows, of those not dropped, that no earlier member of a group among `blocking` beats, and whose
    /// parents are among them.
    fn allowed(&self, dropped: &[bool], blocking: &[bool]) -> Vec<bool> {
        let mut allowed: Vec<bool> = dropped.iter().map(|dropped| !dropped).collect();
        for group in &self.groups {
            let beaten = group.iter().skip_while(|at| !has(blocking, **at)).skip(1);
            beaten.for_each(|at| put(&mut allowed, *at, false));
        }
        // Takes rows out whose parents are out, until none is left.
        let mut children: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.nodes.len()];
        let mut left: Vec<Vec<usize>> = Vec::with_capacity(self.nodes.len());
        let mut gone = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let mut counts = Vec::with_capacity(node.needs.len());
            for (number, parents) in node.needs.iter().enumerate() {
                let here: Vec<usize> = parents.iter().copied().filter(|parent| has(&allowed, *parent)).collect();
                counts.push(here.len());
                for parent in here {
                    if let Some(children) = children.get_mut(parent) {
                        children.push((at, number));
                    }
                }
            }
            if has(&allowed, at) && counts.contains(&0) {
                gone.push(at);
            }
            left.push(counts);
        }
        while let Some(at) = gone.pop() {
            if !has(&allowed, at) {
                continue;
            }
            put(&mut allowed, at, false);
            for (child, number) in children.get(at).into_iter().flatten() {
                if let Some(count) = left.get_mut(*child).and_then(|counts| counts.get_mut(*number)) {
                    *count -= 1;
                    if *count == 0 {
                        gone.push(*child);
                    }
                }
            }
        }
        allowed
    }

    /// Of each knot of open rows that depends on no other, the lowest-ranked row that beats another of the knot.
    fn losers(&self, open: &[bool], sure: &[bool]) -> Vec<usize> {
        let mut depends: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        let groups: Vec<Vec<usize>> =
            self.groups.iter().map(|group| group.iter().copied().filter(|at| has(open, *at)).collect()).collect();
        for pair in groups.iter().flat_map(|group| group.windows(2)) {
            if let [later, earlier] = pair
                && let Some(list) = depends.get_mut(*earlier)
            {
                list.push(*later);
            }
        }
        for (at, node) in self.nodes.iter().enumerate().filter(|(at, _)| has(open, *at)) {
            if let Some(list) = depends.get_mut(at) {
                let needs = node.needs.iter().filter(|parents| !parents.iter().any(|parent| has(sure, *parent)));
                list.extend(needs.flatten().copied().filter(|parent| has(open, *parent)));
            }
        }
        let knots = components(&depends, open);
        let count = knots.iter().filter_map(|knot| *knot).max().map_or(0, |most| most + 1);
        let mut closed = vec![true; count];
        let knot_of = |at: usize| knots.get(at).copied().flatten();
        for (at, list) in depends.iter().enumerate() {
            if let Some(knot) = knot_of(at)
                && list.iter().any(|other| knot_of(*other) != Some(knot))
            {
                put(&mut closed, knot, false);
            }
        }
        let mut losers: Vec<Option<usize>> = vec![None; count];
        for (position, group) in groups.iter().flat_map(|group| group.iter().enumerate().map(move |(i, _)| (i, group)))
        {
            let Some((at, after)) = group.get(position..).and_then(<[usize]>::split_first) else { continue };
            let Some(knot) = knot_of(*at) else { continue };
            if has(&closed, knot)
                && after.iter().any(|other| knot_of(*other) == Some(knot))
                && let Some(loser) = losers.get_mut(knot)
            {
                // Nodes are ranked from the latest on, so that the greatest number is the lowest rank.
                *loser = (*loser).max(Some(*at));
            }
        }
        losers.into_iter().flatten().collect()
    }
}

/// Numbers of the strongly connected components of the open rows.
fn components(depends: &[Vec<usize>], open: &[bool]) -> Vec<Option<usize>> {
    let size = depends.len();
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); size];
    for (at, list) in depends.iter().enumerate() {
        for other in list {
            if let Some(list) = dependents.get_mut(*other) {
                list.push(at);
            }
        }
    }
    // Kosaraju: in the order in which a walk finishes, then backwards along the edges.
    let mut seen = vec![false; size];
    let mut finished = Vec::new();
    for start in (0..size).filter(|at| has(open, *at)) {
        if has(&seen, start) {
            continue;
        }
        put(&mut seen, start, true);
        let mut path = vec![(start, 0)];
        while let Some((at, next)) = path.last_mut() {
            match depends.get(*at).and_then(|list| list.get(*next)) {
                Some(other) => {
                    *next += 1;
                    if !has(&seen, *other) {
                        put(&mut seen, *other, true);
                        path.push((*other, 0));
                    }
                }
                None => {
                    finished.push(*at);
                    path.pop();
                }
            }
        }
    }
    let mut knots = vec![None; size];
    let mut number = 0;
    for start in finished.into_iter().rev() {
        if knots.get(start) != Some(&None) {
            continue;
        }
        let mut todo = vec![start];
        while let Some(at) = todo.pop() {
            let Some(knot) = knots.get_mut(at).filter(|knot| knot.is_none()) else { continue };
            *knot = Some(number);
            todo.extend(dependents.get(at).into_iter().flatten().filter(|other| has(open, **other)));
        }
        number += 1;
    }
    knots
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solve(nodes: &[&[&[usize]]], groups: &[&[usize]]) -> Vec<bool> {
        let nodes = nodes.iter().map(|needs| Node { out: false, needs: needs.iter().map(|n| n.to_vec()).collect() });
        Graph { nodes: nodes.collect(), groups: groups.iter().map(|group| group.to_vec()).collect() }.solve()
    }

    #[test]
    fn the_latest_claim_is_visible_and_a_loser_claims_nothing_else() {
        assert_eq!(solve(&[&[], &[], &[]], &[&[0, 1, 2]]), [true, false, false]);
        assert_eq!(solve(&[&[], &[], &[]], &[&[0, 1], &[1, 2]]), [true, false, true]);
    }

    #[test]
    fn children_go_with_their_parents_and_circles_hold_together() {
        assert_eq!(solve(&[&[], &[], &[&[1]], &[&[2]]], &[&[0, 1]]), [true, false, false, false]);
        assert_eq!(solve(&[&[&[1]], &[&[0]]], &[]), [true, true]);
    }

    #[test]
    fn knots_fall_to_the_latest() {
        // Each beats the other by another key.
        assert_eq!(solve(&[&[], &[]], &[&[0, 1], &[1, 0]]), [true, false]);
        // A child that would hide its own parent.
        assert_eq!(solve(&[&[&[1]], &[]], &[&[0, 1]]), [false, true]);
        // Two children that would hide each other's parent.
        assert_eq!(solve(&[&[&[2]], &[&[3]], &[], &[]], &[&[0, 3], &[1, 2]]), [true, false, true, false]);
        // Three in a circle.
        assert_eq!(solve(&[&[], &[], &[]], &[&[0, 1], &[1, 2], &[2, 0]]), [true, false, false]);
    }
}
