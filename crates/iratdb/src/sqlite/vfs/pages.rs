//! The pages of a database, each in as many versions as somebody still reads.
//!
//! One connection writes; each commit that is published is a *state*, numbered upwards. A page is never changed once its state
//! is published: the next state gets a new version of it. Readers pin a state and see the newest version of each page that is
//! not newer. The version that is looked for is nearly always the newest, and found without a lock.
//!
//! A version that no pinned state needs is used again for another page. So a reader that stays long costs at most one more
//! version of each page changed meanwhile, however often it is changed: with `n` states pinned there are at most `n + 1`.

use std::cell::UnsafeCell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;

/// Bytes of a page.
pub(super) const PAGE_BYTES: usize = 4096;
/// States that can be pinned at a time.
pub(super) const PINS_MAX: usize = 32;

/// Pins nothing.
const UNPINNED: u64 = u64::MAX;
/// Size of the first of the chunks, of which each has twice as many elements as the one before.
const FIRST_CHUNK: usize = 16;
/// Chunks there can be: enough for all numbers of 32 bits.
const CHUNKS: usize = 29;

/// One version of a page.
///
/// The number comes first, to be on the line of the processor's cache that has the page's header; and it makes the distance between
/// pages no power of two, so that their headers don't compete for the same lines.
#[derive(Debug)]
#[repr(C, align(64))]
struct Version {
    /// The state it belongs to.
    state: AtomicU64,
    /// The version before, plus one; 0 if there is none.
    before: AtomicU32,
    data: UnsafeCell<[u8; PAGE_BYTES]>,
}

// SAFETY: all but `data` is atomic. `data` is written only by `Pages::write`, under the lock of `Pages::writer`, and only while
// the version belongs to no published state; it is read by the writer's thread under the same lock, or by threads that
// have pinned a state it belongs to, which keeps it from being written.
unsafe impl Sync for Version {}

/// A list that grows without moving what is in it.
#[derive(Debug)]
struct Chunked<T>([OnceLock<Box<[T]>>; CHUNKS]);

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Self([const { OnceLock::new() }; CHUNKS])
    }
}

/// The chunk that has this element, and where in it.
fn place(index: u32) -> (usize, usize) {
    let number = index as usize + FIRST_CHUNK;
    let chunk = (number / FIRST_CHUNK).ilog2() as usize;
    (chunk, number - (FIRST_CHUNK << chunk))
}

impl<T> Chunked<T> {
    fn get(&self, index: u32) -> Option<&T> {
        let (chunk, offset) = place(index);
        self.0.get(chunk)?.get()?.get(offset)
    }

    fn get_or_grow(&self, index: u32, allocate: impl FnOnce(usize) -> Box<[T]>) -> Option<&T> {
        let (chunk, offset) = place(index);
        self.0.get(chunk)?.get_or_init(|| allocate(FIRST_CHUNK << chunk)).get(offset)
    }
}

/// A pinned state; each on its own lines of the processor's cache, because each is written by another thread.
#[derive(Debug)]
#[repr(align(128))]
struct Pin(AtomicU64);

/// The pages of a database.
#[derive(Debug)]
pub(in crate::sqlite) struct Pages {
    /// Of each page, the newest version plus one; 0 if there is none.
    newest: Chunked<AtomicU32>,
    versions: Chunked<Version>,
    published: AtomicU64,
    pins: [Pin; PINS_MAX],
    writer: Mutex<Writer>,
}

/// What the one who writes knows.
#[derive(Debug, Default)]
struct Writer {
    pages: u32,
    /// Pages have been written that are not published.
    unpublished: bool,
    /// Pins from this number on have never been used.
    pins: usize,
    versions: u32,
    free: Vec<u32>,
    /// Versions that what was written since the last publication replaces.
    replaced: Vec<Replaced>,
    /// Replaced versions that pinned states need: for each pin the state that it had then, and the versions.
    kept: [(u64, Vec<Replaced>); PINS_MAX],
}

/// A version that has been replaced.
#[derive(Debug, Clone, Copy)]
struct Replaced {
    page: u32,
    version: u32,
    /// The first state that does not need it.
    until: u64,
}

impl Pages {
    pub(in crate::sqlite) fn new() -> Self {
        Self {
            newest: Chunked::default(),
            versions: Chunked::default(),
            published: AtomicU64::new(0),
            pins: [const { Pin(AtomicU64::new(UNPINNED)) }; PINS_MAX],
            writer: Mutex::default(),
        }
    }

    /// Pages there are, as the writer sees it.
    pub(super) fn count(&self) -> u32 {
        self.writer.lock().pages
    }

    /// Versions there is room for, in use or free.
    #[cfg(test)]
    pub(super) fn versions(&self) -> u32 {
        self.writer.lock().versions
    }

    /// Fewer pages.
    pub(super) fn truncate(&self, pages: u32) {
        // What is beyond stays, for those who read an older state; it is written over when there are more pages again.
        self.writer.lock().pages = pages;
    }

    /// Writes a page. Readers don't see it before [`Pages::publish`]. False if there are too many.
    #[must_use]
    pub(super) fn write(&self, page: u32, data: &[u8; PAGE_BYTES]) -> bool {
        let mut writer = self.writer.lock();
        self.write_locked(&mut writer, page, data).is_some()
    }

    fn write_locked(&self, writer: &mut Writer, page: u32, data: &[u8; PAGE_BYTES]) -> Option<()> {
        let state = self.published.load(Ordering::Relaxed) + 1;
        let newest = self.newest.get_or_grow(page, |n| std::iter::repeat_with(AtomicU32::default).take(n).collect())?;
        let before = newest.load(Ordering::Relaxed);
        writer.unpublished = true;
        writer.pages = writer.pages.max(page.saturating_add(1));
        if before > 0 {
            let version = self.versions.get(before - 1)?;
            if version.state.load(Ordering::Relaxed) == state {
                // SAFETY: this version's state is not published, so that no reader looks at its data; other writers wait for the lock.
                unsafe { *version.data.get() = *data };
                return Some(());
            }
            writer.replaced.push(Replaced { page, version: before - 1, until: state });
        }
        let index = writer.free.pop().unwrap_or(writer.versions);
        let version = self.versions.get_or_grow(index, allocate)?;
        writer.versions = writer.versions.max(index + 1);
        version.state.store(state, Ordering::Relaxed);
        version.before.store(before, Ordering::Relaxed);
        // SAFETY: a version from the free list, or a new one, is needed by no pinned state. Who finds it by an old entry of
        // `newest` sees a state newer than the pinned one and does not look at its data.
        unsafe { *version.data.get() = *data };
        newest.store(index + 1, Ordering::Release);
        Some(())
    }

    /// Reads a part of a page as the writer sees it. False if there is no such page or part.
    #[must_use]
    pub(super) fn read_newest(&self, page: u32, offset: usize, out: &mut [u8]) -> bool {
        let writer = self.writer.lock();
        if page >= writer.pages {
            return false;
        }
        let newest = self.newest.get(page).map_or(0, |newest| newest.load(Ordering::Relaxed));
        let version = newest.checked_sub(1).and_then(|index| self.versions.get(index));
        let Some(version) = version else { return false };
        // SAFETY: data changes only under the lock, which is held.
        let data = unsafe { &*version.data.get() };
        let Some(part) = data.get(offset..).and_then(|data| data.get(..out.len())) else { return false };
        out.copy_from_slice(part);
        true
    }

    /// What has been written becomes the newest state. Not while a transaction is open: it may have written some of its pages.
    pub(in crate::sqlite) fn publish(&self) {
        let mut writer = self.writer.lock();
        if !std::mem::take(&mut writer.unpublished) {
            return;
        }
        let state = self.published.load(Ordering::Relaxed) + 1;
        // Before the pins are looked at, in the one order of all these operations: who pins an older state and is not seen
        // here sees this state when it looks again.
        self.published.store(state, Ordering::SeqCst);
        let mut pinned = [UNPINNED; PINS_MAX];
        for (state, pin) in pinned.iter_mut().zip(&self.pins).take(writer.pins) {
            *state = pin.0.load(Ordering::SeqCst);
        }
        let Writer { free, replaced, kept, .. } = &mut *writer;
        let mut again = Vec::new();
        for ((was, versions), is) in kept.iter_mut().zip(&pinned) {
            if !versions.is_empty() && was != is {
                again.append(versions);
            }
        }
        for old in replaced.drain(..).chain(again) {
            let Some(version) = self.versions.get(old.version) else { continue };
            let needed = version.state.load(Ordering::Relaxed)..old.until;
            match pinned.iter().position(|state| needed.contains(state)) {
                Some(pin) => {
                    if let (Some((state, versions)), Some(pinned)) = (kept.get_mut(pin), pinned.get(pin)) {
                        *state = *pinned;
                        versions.push(old);
                    }
                }
                None => {
                    self.unlink(old.page, old.version, version);
                    free.push(old.version);
                }
            }
        }
    }

    /// Takes a version out of its page's list. The lock is held, so that nobody is on the way through the list.
    fn unlink(&self, page: u32, index: u32, version: &Version) {
        let mut at = self.newest.get(page).map_or(0, |newest| newest.load(Ordering::Relaxed));
        while let Some(newer) = at.checked_sub(1).and_then(|index| self.versions.get(index)) {
            at = newer.before.load(Ordering::Relaxed);
            if at == index + 1 {
                newer.before.store(version.before.load(Ordering::Relaxed), Ordering::Relaxed);
                return;
            }
        }
    }

    /// This pin will be used.
    pub(super) fn add_pin(&self, number: usize) {
        let mut writer = self.writer.lock();
        writer.pins = writer.pins.max(number + 1);
    }

    /// Pins the newest state. One at a time by each number; what [`Pages::find`] finds for it stays until [`Pages::unpin`].
    pub(super) fn pin(&self, number: usize) {
        let Some(pin) = self.pins.get(number) else { return };
        loop {
            let state = self.published.load(Ordering::SeqCst);
            pin.0.store(state, Ordering::SeqCst);
            // If it is still the newest, a later publication sees the pin.
            if self.published.load(Ordering::SeqCst) == state {
                return;
            }
        }
    }

    /// Ends the use of what was pinned.
    pub(super) fn unpin(&self, number: usize) {
        if let Some(pin) = self.pins.get(number) {
            pin.0.store(UNPINNED, Ordering::Release);
        }
    }

    /// The state pinned by this number.
    pub(super) fn pinned(&self, number: usize) -> Option<u64> {
        let state = self.pins.get(number)?.0.load(Ordering::Relaxed);
        (state != UNPINNED).then_some(state)
    }

    /// The page as it is in the pinned state: the state that changed it last, and its data, which stay valid and unchanged until this
    /// number is unpinned, with as many bytes that can be read after them.
    pub(super) fn find(&self, number: usize, page: u32) -> Option<(u64, *const [u8; PAGE_BYTES])> {
        let pinned = self.pinned(number)?;
        let newest = self.newest.get(page)?.load(Ordering::Acquire);
        let version = self.versions.get(newest.checked_sub(1)?)?;
        // This version may have been replaced, and even be in use for another page: then its state is newer than the pinned
        // one, as is every state written after a pin.
        let state = version.state.load(Ordering::Acquire);
        if state <= pinned {
            return Some((state, version.data.get()));
        }
        self.find_older(pinned, page)
    }

    #[cold]
    fn find_older(&self, pinned: u64, page: u32) -> Option<(u64, *const [u8; PAGE_BYTES])> {
        let _writer = self.writer.lock();
        let mut at = self.newest.get(page)?.load(Ordering::Relaxed);
        loop {
            let version = self.versions.get(at.checked_sub(1)?)?;
            let state = version.state.load(Ordering::Relaxed);
            if state <= pinned {
                return Some((state, version.data.get()));
            }
            at = version.before.load(Ordering::Relaxed);
        }
    }
}

/// Versions that are all zero. Memory that is not touched costs nothing yet.
fn allocate(versions: usize) -> Box<[Version]> {
    // One more than is used: SQLite may read a little beyond a page that is not as it should be.
    let zeroed = Box::<[Version]>::new_zeroed_slice(versions + 1);
    // SAFETY: all of `Version` may be zero: integers and bytes.
    unsafe { zeroed.assume_init() }
}
