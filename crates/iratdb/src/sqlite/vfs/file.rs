//! What SQLite asks of a file and of the system under it, answered with [`Pages`].

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::{Arc, OnceLock};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_io_methods, sqlite3_vfs};

use super::pages::{PAGE_BYTES, Pages};

/// The name SQLite knows all this by.
pub(super) const VFS_NAME: &CStr = c"iratdb-pages";
/// What readers are told is the size of the file, because they ask but once. The number of pages is in the first one.
const READER_FILE_PAGES: i64 = 1 << 30;
const PATH_BYTES_MAX: c_int = 64;
/// What is said to be mapped. It means nothing: `fetch` gives single pages, wherever they are.
pub(super) const MAPPED_BYTES: i64 = 1 << 30;

/// What a connection is opened for.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) pages: Arc<Pages>,
    /// The number of the pin, for a reader; `None` for the writer.
    pub(super) pin: Option<usize>,
}

thread_local! {
    /// Handed to `open` by who opens a connection: there is no name by which anybody else could.
    static OPENING: std::cell::RefCell<Option<Opening>> = const { std::cell::RefCell::new(None) };
}

/// Has the next file opened by this thread be of these pages, while `open` runs.
pub(super) fn opening<T>(what: Opening, open: impl FnOnce() -> T) -> T {
    OPENING.with(|opening| opening.replace(Some(what)));
    let opened = open();
    OPENING.with(|opening| opening.take());
    opened
}

/// An open file; SQLite allocates it and knows its first field.
#[repr(C)]
struct File {
    base: sqlite3_file,
    opening: Opening,
}

static READER: sqlite3_io_methods = methods(Some(fetch));
static WRITER: sqlite3_io_methods = methods(None);

type Fetch = unsafe extern "C" fn(*mut sqlite3_file, i64, c_int, *mut *mut c_void) -> c_int;

const fn methods(fetch: Option<Fetch>) -> sqlite3_io_methods {
    sqlite3_io_methods {
        iVersion: if fetch.is_some() { 3 } else { 1 },
        xClose: Some(close),
        xRead: Some(read),
        xWrite: Some(write),
        xTruncate: Some(truncate),
        xSync: Some(sync),
        xFileSize: Some(file_size),
        xLock: Some(lock),
        xUnlock: Some(lock),
        xCheckReservedLock: Some(check_reserved_lock),
        xFileControl: Some(file_control),
        xSectorSize: Some(sector_size),
        xDeviceCharacteristics: Some(device_characteristics),
        xShmMap: None,
        xShmLock: None,
        xShmBarrier: None,
        xShmUnmap: None,
        xFetch: fetch,
        xUnfetch: Some(unfetch),
    }
}

/// Makes the VFS known to SQLite, once in a process.
pub(super) fn register() -> bool {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    *REGISTERED.get_or_init(|| {
        // SAFETY: null asks for the default VFS, which SQLite keeps for ever.
        let system = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
        if system.is_null() {
            return false;
        }
        let vfs = Box::leak(Box::new(sqlite3_vfs {
            iVersion: 2,
            szOsFile: size_of::<File>() as c_int,
            mxPathname: PATH_BYTES_MAX,
            pNext: std::ptr::null_mut(),
            zName: VFS_NAME.as_ptr(),
            pAppData: system.cast(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_pathname),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(randomness),
            xSleep: Some(sleep),
            xCurrentTime: Some(current_time),
            xGetLastError: Some(get_last_error),
            xCurrentTimeInt64: Some(current_time_int64),
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        }));
        // SAFETY: a complete VFS that is never freed, with a name that is static; it does not become the default.
        unsafe { ffi::sqlite3_vfs_register(vfs, 0) == ffi::SQLITE_OK }
    })
}

/// # Safety
/// For SQLite: `file` has `szOsFile` bytes.
unsafe extern "C" fn open(
    _vfs: *mut sqlite3_vfs,
    _name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives `szOsFile` bytes; no methods means that there is nothing to close.
    unsafe { (*file).pMethods = std::ptr::null() };
    // Journals, and temporary tables and sorts, are told to stay in memory without a file.
    if flags & ffi::SQLITE_OPEN_MAIN_DB == 0 {
        return ffi::SQLITE_CANTOPEN;
    }
    let Some(opening) = OPENING.with(|opening| opening.take()) else { return ffi::SQLITE_CANTOPEN };
    let methods = if opening.pin.is_some() { &raw const READER } else { &raw const WRITER };
    let new = File { base: sqlite3_file { pMethods: methods }, opening };
    // SAFETY: enough room, aligned to 8 bytes as all that SQLite allocates, and ours until `close`.
    unsafe { file.cast::<File>().write(new) };
    if !out_flags.is_null() {
        // SAFETY: not null, so SQLite wants to be told.
        unsafe { *out_flags = flags };
    }
    ffi::SQLITE_OK
}

/// # Safety
/// `file` has been opened by [`open`] and not closed.
unsafe fn opened<'a>(file: *mut sqlite3_file) -> &'a Opening {
    // SAFETY: as the caller promises; nobody changes it until it is closed.
    unsafe { &(*file.cast::<File>()).opening }
}

/// # Safety
/// For SQLite: an open file, for the last time.
unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: written by `open`, and dropped here only, once.
    unsafe { file.cast::<File>().drop_in_place() };
    ffi::SQLITE_OK
}

/// The page that has this byte, and where in it.
fn locate(offset: i64) -> Option<(u32, usize)> {
    let offset = usize::try_from(offset).ok()?;
    Some((u32::try_from(offset / PAGE_BYTES).ok()?, offset % PAGE_BYTES))
}

/// # Safety
/// For SQLite: an open file, and a buffer of `len` bytes.
unsafe extern "C" fn read(file: *mut sqlite3_file, buffer: *mut c_void, len: c_int, offset: i64) -> c_int {
    // SAFETY: an open file.
    let opening = unsafe { opened(file) };
    let Ok(len) = usize::try_from(len) else { return ffi::SQLITE_IOERR_READ };
    // SAFETY: SQLite's buffer has `len` bytes and is ours during the call.
    let out = unsafe {
        buffer.cast::<u8>().write_bytes(0, len);
        std::slice::from_raw_parts_mut(buffer.cast::<u8>(), len)
    };
    let Some((page, offset)) = locate(offset) else { return ffi::SQLITE_IOERR_READ };
    let found = match opening.pin {
        None => opening.pages.read_newest(page, offset, out),
        Some(pin) => match opening.pages.find(pin, page) {
            // SAFETY: found for a state that stays pinned while statements run, so the data is valid and does not change.
            Some((_, data)) => match unsafe { &*data }.get(offset..).and_then(|data| data.get(..len)) {
                Some(part) => {
                    out.copy_from_slice(part);
                    true
                }
                None => false,
            },
            None => false,
        },
    };
    if found { ffi::SQLITE_OK } else { ffi::SQLITE_IOERR_SHORT_READ }
}

/// # Safety
/// For SQLite: an open file, and `len` bytes.
unsafe extern "C" fn write(file: *mut sqlite3_file, data: *const c_void, len: c_int, offset: i64) -> c_int {
    // SAFETY: an open file.
    let opening = unsafe { opened(file) };
    if opening.pin.is_some() {
        return ffi::SQLITE_READONLY;
    }
    let whole_page = usize::try_from(len) == Ok(PAGE_BYTES);
    match locate(offset) {
        Some((page, 0)) if whole_page => {
            // SAFETY: SQLite's buffer has `len` bytes, which is a page's size; bytes need no alignment.
            let data = unsafe { &*data.cast::<[u8; PAGE_BYTES]>() };
            if opening.pages.write(page, data) { ffi::SQLITE_OK } else { ffi::SQLITE_FULL }
        }
        _ => ffi::SQLITE_IOERR_WRITE,
    }
}

/// Pages come zero-copy: valid until the reader's state is unpinned, which is after its statements have ended.
///
/// # Safety
/// For SQLite: an open file of a reader, and a place for a pointer.
unsafe extern "C" fn fetch(file: *mut sqlite3_file, offset: i64, len: c_int, out: *mut *mut c_void) -> c_int {
    // SAFETY: an open file.
    let opening = unsafe { opened(file) };
    let whole_page = usize::try_from(len) == Ok(PAGE_BYTES);
    let found = match (opening.pin, locate(offset)) {
        (Some(pin), Some((page, 0))) if whole_page => opening.pages.find(pin, page),
        _ => None,
    };
    let data = found.map_or(std::ptr::null_mut(), |(_, data)| data.cast::<c_void>().cast_mut());
    // SAFETY: a valid place. SQLite does not write to fetched pages.
    unsafe { *out = data };
    ffi::SQLITE_OK
}

unsafe extern "C" fn unfetch(_file: *mut sqlite3_file, _offset: i64, _page: *mut c_void) -> c_int {
    ffi::SQLITE_OK
}

/// # Safety
/// For SQLite: an open file.
unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: i64) -> c_int {
    // SAFETY: an open file.
    let opening = unsafe { opened(file) };
    match (opening.pin, locate(size)) {
        (None, Some((pages, 0))) => opening.pages.truncate(pages),
        _ => return ffi::SQLITE_IOERR_TRUNCATE,
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn sync(_file: *mut sqlite3_file, _flags: c_int) -> c_int {
    ffi::SQLITE_OK
}

/// # Safety
/// For SQLite: an open file, and a place for the size.
unsafe extern "C" fn file_size(file: *mut sqlite3_file, size: *mut i64) -> c_int {
    // SAFETY: an open file.
    let opening = unsafe { opened(file) };
    let pages = match opening.pin {
        Some(_) => READER_FILE_PAGES,
        None => i64::from(opening.pages.count()),
    };
    // SAFETY: a valid place.
    unsafe { *size = pages * PAGE_BYTES as i64 };
    ffi::SQLITE_OK
}

/// Nobody has to wait: there is one writer, and readers read what does not change.
unsafe extern "C" fn lock(_file: *mut sqlite3_file, _level: c_int) -> c_int {
    ffi::SQLITE_OK
}

/// # Safety
/// For SQLite: a place for the answer.
unsafe extern "C" fn check_reserved_lock(_file: *mut sqlite3_file, reserved: *mut c_int) -> c_int {
    // SAFETY: a valid place.
    unsafe { *reserved = 0 };
    ffi::SQLITE_OK
}

/// # Safety
/// For SQLite: an open file, and what the operation wants.
unsafe extern "C" fn file_control(_file: *mut sqlite3_file, op: c_int, argument: *mut c_void) -> c_int {
    if op != ffi::SQLITE_FCNTL_MMAP_SIZE || argument.is_null() {
        return ffi::SQLITE_NOTFOUND;
    }
    // SAFETY: this operation comes with a 64-bit number, to be replaced by the size in force. Any size asked for is fine.
    unsafe { *argument.cast::<i64>() = MAPPED_BYTES };
    ffi::SQLITE_OK
}

unsafe extern "C" fn sector_size(_file: *mut sqlite3_file) -> c_int {
    512
}

unsafe extern "C" fn device_characteristics(_file: *mut sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn delete(_vfs: *mut sqlite3_vfs, _name: *const c_char, _sync: c_int) -> c_int {
    ffi::SQLITE_OK
}

/// There are no files: no journal, above all.
///
/// # Safety
/// For SQLite: a place for the answer.
unsafe extern "C" fn access(_vfs: *mut sqlite3_vfs, _name: *const c_char, _flags: c_int, exists: *mut c_int) -> c_int {
    // SAFETY: a valid place.
    unsafe { *exists = 0 };
    ffi::SQLITE_OK
}

/// # Safety
/// For SQLite: a name that ends with a zero byte, and room for `len` bytes.
unsafe extern "C" fn full_pathname(_vfs: *mut sqlite3_vfs, name: *const c_char, len: c_int, out: *mut c_char) -> c_int {
    // SAFETY: ends with a zero byte.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if usize::try_from(len).is_ok_and(|room| room >= name.len()) {
        // SAFETY: there is room, and SQLite's buffers don't overlap.
        unsafe { std::ptr::copy_nonoverlapping(name.as_ptr().cast(), out, name.len()) };
        ffi::SQLITE_OK
    } else {
        ffi::SQLITE_CANTOPEN
    }
}

/// The system's own VFS, for what has nothing to do with files.
///
/// # Safety
/// `vfs` is the one that [`register`] made.
unsafe fn system<'a>(vfs: *mut sqlite3_vfs) -> &'a mut sqlite3_vfs {
    // SAFETY: `register` put it there, and SQLite keeps it for ever.
    unsafe { &mut *(*vfs).pAppData.cast::<sqlite3_vfs>() }
}

unsafe extern "C" fn randomness(vfs: *mut sqlite3_vfs, len: c_int, out: *mut c_char) -> c_int {
    // SAFETY: passed on as it came.
    unsafe { system(vfs).xRandomness.map_or(0, |call| call((*vfs).pAppData.cast(), len, out)) }
}

unsafe extern "C" fn sleep(vfs: *mut sqlite3_vfs, microseconds: c_int) -> c_int {
    // SAFETY: passed on as it came.
    unsafe { system(vfs).xSleep.map_or(0, |call| call((*vfs).pAppData.cast(), microseconds)) }
}

unsafe extern "C" fn current_time(vfs: *mut sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: passed on as it came.
    unsafe { system(vfs).xCurrentTime.map_or(ffi::SQLITE_ERROR, |call| call((*vfs).pAppData.cast(), out)) }
}

unsafe extern "C" fn current_time_int64(vfs: *mut sqlite3_vfs, out: *mut i64) -> c_int {
    // SAFETY: passed on as it came.
    unsafe { system(vfs).xCurrentTimeInt64.map_or(ffi::SQLITE_ERROR, |call| call((*vfs).pAppData.cast(), out)) }
}

unsafe extern "C" fn get_last_error(_vfs: *mut sqlite3_vfs, _len: c_int, _out: *mut c_char) -> c_int {
    0
}
