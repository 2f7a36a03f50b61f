//! What can be played to a caller: files of a directory, files from the web, tones; decoded off the media threads.
//!
//! Whoever asks is not trusted with the machine: paths stay below the directory, what is read and fetched is bounded in bytes and
//! time, what is decoded in length, and all that is held at once in memory.

mod allow;
mod fetch;
#[cfg(test)]
mod fetch_tests;
mod tone;

use std::collections::HashMap;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use botstream_api::{Error, ErrorCode, HoldRequest, PlayRequest, validate};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use crate::media::BotTls;
pub(crate) use allow::UrlRule;
use fetch::Limits;
use tone::ToneSpec;

/// Sample rate of all clips: wideband, for telephones that are.
pub(crate) const CLIP_RATE_HZ: u32 = 16_000;

/// Largest file.
const FILE_BYTES_MAX: u64 = 32 << 20;

/// Longest clip.
const CLIP_MS_MAX: u32 = 600_000;

/// Memory for all clips that are held: about two hours.
const MEMORY_KIB_MAX: usize = 256 << 10;

/// Files read, fetched and decoded at once; more are refused.
const LOADING_MAX: usize = 32;

/// Quietest and loudest that a clip is mixed in.
const MIX_DB: std::ops::RangeInclusive<i32> = -60..=0;

/// Longest path of a file, in bytes.
const PATH_LEN_MAX: usize = 1_024;

/// Audio that is ready to be played, shared by all calls that play it.
#[derive(Debug)]
pub(crate) struct Clip {
    /// Mono, at [`CLIP_RATE_HZ`].
    pub(crate) samples: Vec<i16>,
    /// Its share of the memory for clips.
    _share: Option<OwnedSemaphorePermit>,
}

impl Clip {
    pub(crate) fn duration_ms(&self) -> u32 {
        u32::try_from(self.samples.len() as u64 * 1_000 / u64::from(CLIP_RATE_HZ)).unwrap_or(u32::MAX)
    }

    #[cfg(test)]
    pub(crate) fn of(samples: Vec<i16>) -> Arc<Self> {
        Arc::new(Self { samples, _share: None })
    }
}

/// Where a clip comes from, checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    Url(Url),
    File(PathBuf),
    Tone(ToneSpec),
}

/// A file as it was when it was decoded.
type FileKey = (PathBuf, Option<SystemTime>, u64);

/// How clips are loaded.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Without it no files are played.
    pub(crate) directory: Option<PathBuf>,
    /// Where files are fetched from; nowhere but there.
    pub(crate) urls: Vec<UrlRule>,
    /// For `https://`.
    pub(crate) tls: BotTls,
    pub(crate) fetch_timeout: Duration,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Clips {
    options: Options,
    loading: Semaphore,
    memory: Arc<Semaphore>,
    /// Files that some call plays right now.
    held: Mutex<HashMap<FileKey, Weak<Clip>>>,
}

/// What a request wants played.
pub(crate) fn source(request: &PlayRequest) -> Result<Source, Error> {
    caller_leg(&request.leg)?;
    if let Some(mix_db) = request.mix_db.filter(|mix_db| !MIX_DB.contains(mix_db)) {
        let sentence = format!("mix_db = {mix_db}; allowed are {} to {}", MIX_DB.start(), MIX_DB.end());
        return Err(Error::invalid("mix_db", sentence));
    }
    match (request.url.as_str(), request.file.as_str(), request.tone.as_str()) {
        (url, "", "") if !url.is_empty() => http_url(url).map(Source::Url),
        ("", file, "") if !file.is_empty() => relative_path(file).map(Source::File),
        ("", "", tone) if !tone.is_empty() => {
            tone.parse().map(Source::Tone).map_err(|why: String| Error::invalid("tone", format!("tone: {why}")))
        }
        _ => Err(Error::invalid("url", "one of url, file and tone is needed, and only one")),
    }
}

/// What a request wants heard on hold, if anything.
pub(crate) fn hold_source(request: &HoldRequest) -> Result<Option<Source>, Error> {
    let HoldRequest { call_id: _, leg, url, file, tone } = request.clone();
    if [&url, &file, &tone].into_iter().all(String::is_empty) {
        return caller_leg(&leg).map(|()| None);
    }
    source(&PlayRequest { leg, url, file, tone, ..PlayRequest::default() }).map(Some)
}

/// Only the caller has a leg of his own to be played to, muted or listened to.
pub(crate) fn caller_leg(leg: &str) -> Result<(), Error> {
    match leg {
        "" | voicebot::message::LEG_CALLER => Ok(()),
        other => Err(Error::invalid("leg", format!("leg = {other:?}; allowed is caller"))),
    }
}

fn http_url(text: &str) -> Result<Url, Error> {
    let refuse = |why: String| Error::new(ErrorCode::BadUrl, format!("url: {why}")).field("url");
    if text.len() > validate::URL_LEN_MAX {
        return Err(refuse(format!("is longer than {} bytes", validate::URL_LEN_MAX)));
    }
    let url = Url::parse(text).map_err(|error| refuse(format!("{text:?} is not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(refuse(format!("{text:?} is not an http:// or https:// URL")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("a user or password in it is not sent".to_owned()));
    }
    Ok(url)
}

fn relative_path(text: &str) -> Result<PathBuf, Error> {
    let path = Path::new(text);
    let is_plain = path.components().all(|component| matches!(component, Component::Normal(_)));
    if text.len() > PATH_LEN_MAX || text.contains('\0') || !is_plain {
        let sentence = format!("file = {text:?} is not a path below the play directory");
        return Err(Error::invalid("file", sentence));
    }
    Ok(path.to_owned())
}

impl Clips {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            loading: Semaphore::new(LOADING_MAX),
            memory: Arc::new(Semaphore::new(MEMORY_KIB_MAX)),
            held: Mutex::default(),
        }
    }

    /// Reads or fetches, and decodes. It takes its time; the error is one for whoever asked.
    pub(crate) async fn load(&self, source: Source) -> Result<Arc<Clip>, Error> {
        let _turn = self
            .loading
            .try_acquire()
            .map_err(|_| Error::new(ErrorCode::NoCapacity, format!("{LOADING_MAX} files are being loaded already")))?;
        match source {
            Source::Tone(tone) => self.keep(tone.samples(CLIP_RATE_HZ)),
            Source::Url(url) => {
                let reach = allow::reach(&self.options.urls, &url).ok_or_else(fetch::not_allowed)?;
                let limits = Limits { bytes_max: FILE_BYTES_MAX, timeout: self.options.fetch_timeout, reach };
                let bytes = fetch::get(&url, &self.options.tls, limits).await?;
                let samples = on_other_thread(move || decode(bytes, "url")).await?;
                self.keep(samples)
            }
            Source::File(path) => self.load_file(path).await,
        }
    }

    async fn load_file(&self, path: PathBuf) -> Result<Arc<Clip>, Error> {
        let directory = self.options.directory.clone().ok_or_else(|| {
            Error::invalid("file", "this switch has no play directory (--play-dir): files can be played by url only")
        })?;
        let (key, file) = on_other_thread(move || open(&directory, &path)).await?;
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).get(&key).and_then(Weak::upgrade);
        if let Some(clip) = held {
            return Ok(clip);
        }
        let samples = on_other_thread(move || {
            let mut bytes = Vec::new();
            file.take(FILE_BYTES_MAX + 1)
                .read_to_end(&mut bytes)
                .map_err(|error| Error::new(ErrorCode::StorageFailed, format!("file: {error}")).field("file"))?;
            decode(bytes, "file")
        })
        .await?;
        let clip = self.keep(samples)?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, clip| clip.strong_count() > 0);
        held.insert(key, Arc::downgrade(&clip));
        Ok(clip)
    }

    fn keep(&self, samples: Vec<i16>) -> Result<Arc<Clip>, Error> {
        let kib = u32::try_from(samples.len() * size_of::<i16>() / 1_024 + 1).unwrap_or(u32::MAX);
        let share = self.memory.clone().try_acquire_many_owned(kib).map_err(|_| {
            Error::new(ErrorCode::NoCapacity, "this switch plays as much audio at once as its memory allows")
        })?;
        Ok(Arc::new(Clip { samples, _share: Some(share) }))
    }
}

/// Opens a file that is really below the directory, whatever links lead to.
fn open(directory: &Path, path: &Path) -> Result<(FileKey, std::fs::File), Error> {
    let missing = || Error::new(ErrorCode::NotFound, format!("file: no file {:?}", path.display())).field("file");
    let directory = directory.canonicalize().map_err(|error| {
        Error::new(ErrorCode::StorageFailed, format!("the play directory cannot be read: {error}")).field("file")
    })?;
    let full = directory.join(path).canonicalize().map_err(|_| missing())?;
    // What is outside is not even said to exist. Only plain files: opening a pipe would wait.
    if !full.starts_with(&directory) || !full.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(missing());
    }
    let file = std::fs::File::open(&full).map_err(|_| missing())?;
    let metadata = file.metadata().map_err(|_| missing())?;
    Ok(((full, metadata.modified().ok(), metadata.len()), file))
}

fn too_large(bytes_max: u64, field: &str) -> Error {
    Error::new(ErrorCode::UnsupportedFormat, format!("{field}: larger than {bytes_max} bytes")).field(field)
}

fn decode(bytes: Vec<u8>, field: &str) -> Result<Vec<i16>, Error> {
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(too_large(FILE_BYTES_MAX, field));
    }
    audio::sound_file::decode(bytes, CLIP_RATE_HZ, CLIP_MS_MAX)
        .map_err(|error| Error::new(ErrorCode::UnsupportedFormat, format!("{field}: {error}")).field(field))
}

/// For what would hold up the control side. A fault in there costs this one request.
async fn on_other_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Error::internal(format!("loading what is to be played: {error}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field_of(request: &PlayRequest) -> Option<String> {
        source(request).err().and_then(|error| error.field)
    }

    #[test]
    fn a_request_names_one_source_that_can_be() {
        let url = |url: &str| PlayRequest { url: url.into(), ..PlayRequest::default() };
        let file = |file: &str| PlayRequest { file: file.into(), ..PlayRequest::default() };
        for good in [
            url("http://h/x.wav"),
            url("https://h:8443/x?y"),
            file("a/b.wav"),
            PlayRequest { tone: "440".into(), leg: "caller".into(), mix_db: Some(-60), ..PlayRequest::default() },
        ] {
            assert!(source(&good).is_ok(), "{good:?}");
        }
        for bad in ["ftp://h/x", "file:///etc/passwd", "x.wav", "http://u:p@h/x"] {
            assert_eq!(field_of(&url(bad)).as_deref(), Some("url"), "{bad}");
        }
        for bad in ["../x.wav", "a/../../x.wav", "/etc/passwd", "a\0b", "./../x"] {
            assert_eq!(field_of(&file(bad)).as_deref(), Some("file"), "{bad}");
        }
        assert_eq!(field_of(&PlayRequest::default()).as_deref(), Some("url"));
        assert_eq!(field_of(&PlayRequest { tone: "440".into(), ..file("a") }).as_deref(), Some("url"));
        assert_eq!(field_of(&PlayRequest { leg: "bot".into(), ..file("a") }).as_deref(), Some("leg"));
        assert_eq!(field_of(&PlayRequest { mix_db: Some(1), ..file("a") }).as_deref(), Some("mix_db"));
    }

    #[test]
    fn no_link_leads_out_of_the_directory() {
        let root = std::env::temp_dir().join(format!("botstream-clips-{}", std::process::id()));
        let inside = root.join("play");
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::write(root.join("secret.wav"), "x").unwrap();
        std::fs::write(inside.join("open.wav"), "x").unwrap();
        std::os::unix::fs::symlink(root.join("secret.wav"), inside.join("link.wav")).unwrap();
        let code = |path: &str| open(&inside, Path::new(path)).map(|_| ()).map_err(|error| error.code);
        let outcomes = ["open.wav", "link.wav", "none.wav", "."].map(code);
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(outcomes, [Ok(()), Err(ErrorCode::NotFound), Err(ErrorCode::NotFound), Err(ErrorCode::NotFound)]);
    }
}
