//! `trunk.*`, `number.*`, `route.*` and `bot.*`: create, get, update, delete, list.

use std::sync::Arc;

use botstream_api::encoding::Body;
use botstream_api::{
    Bot, BotDeleteReply, BotDeleteRequest, BotGetRequest, BotListReply, BotListRequest, Error, ErrorCode, Number,
    NumberDeleteReply, NumberDeleteRequest, NumberGetRequest, NumberListReply, NumberListRequest, Route,
    RouteDeleteReply, RouteDeleteRequest, RouteGetRequest, RouteListReply, RouteListRequest, Trunk, TrunkDeleteReply,
    TrunkDeleteRequest, TrunkGetRequest, TrunkListReply, TrunkListRequest,
};
use iracluster::{Chassis, RequestContext, Where};

use crate::buckets::NotWritten;
use crate::core::object::{Key, Kind, Object, adopt};
use crate::core::refuse::Checked;
use crate::core::view::without_revision;
use crate::requests::once;
use crate::shared::{Shared, not_landed};

/// Objects in one reply when the request does not say, and at most.
const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 1_000;

/// The messages of one kind's verbs.
trait Verbs: Checked {
    type Get: Body;
    type Delete: Body;
    type DeleteReply: Body;
    type List: Body;
    type ListReply: Body;

    fn key_to_get(tenant: &str, request: Self::Get) -> Key;
    fn key_to_delete(tenant: &str, request: &Self::Delete) -> (Key, u64);
    fn limit_and_cursor(request: Self::List) -> (u32, String);
    fn page(objects: Vec<Self>, cursor: String) -> Self::ListReply;
}

macro_rules! verbs {
    ($kind:ident, $plural:ident, $get:ident, $delete:ident, $deleted:ident, $list:ident, $listed:ident, $key:expr, $delete_key:expr) => {
        impl Verbs for $kind {
            type Get = $get;
            type Delete = $delete;
            type DeleteReply = $deleted;
            type List = $list;
            type ListReply = $listed;

            fn key_to_get(tenant: &str, request: $get) -> Key {
                $key(tenant, &request)
            }
            fn key_to_delete(tenant: &str, request: &$delete) -> (Key, u64) {
                ($delete_key(tenant, request), request.revision)
            }
            fn limit_and_cursor(request: $list) -> (u32, String) {
                (request.limit, request.cursor)
            }
            fn page(objects: Vec<Self>, cursor: String) -> $listed {
                $listed { $plural: objects, cursor }
            }
        }
    };
}

verbs!(
    Trunk,
    trunks,
    TrunkGetRequest,
    TrunkDeleteRequest,
    TrunkDeleteReply,
    TrunkListRequest,
    TrunkListReply,
    |tenant, request: &TrunkGetRequest| Key::named(tenant, &request.name),
    |tenant, request: &TrunkDeleteRequest| Key::named(tenant, &request.name)
);
verbs!(
    Route,
    routes,
    RouteGetRequest,
    RouteDeleteRequest,
    RouteDeleteReply,
    RouteListRequest,
    RouteListReply,
    |tenant, request: &RouteGetRequest| Key::named(tenant, &request.name),
    |tenant, request: &RouteDeleteRequest| Key::named(tenant, &request.name)
);
verbs!(
    Bot,
    bots,
    BotGetRequest,
    BotDeleteRequest,
    BotDeleteReply,
    BotListRequest,
    BotListReply,
    |tenant, request: &BotGetRequest| Key::named(tenant, &request.name),
    |tenant, request: &BotDeleteRequest| Key::named(tenant, &request.name)
);
verbs!(
    Number,
    numbers,
    NumberGetRequest,
    NumberDeleteRequest,
    NumberDeleteReply,
    NumberListRequest,
    NumberListReply,
    |tenant, request: &NumberGetRequest| number_key(tenant, &request.trunk, &request.number),
    |tenant, request: &NumberDeleteRequest| number_key(tenant, &request.trunk, &request.number)
);

fn number_key(tenant: &str, trunk: &str, number: &str) -> Key {
    Key { tenant: tenant.to_owned(), trunk: trunk.to_owned(), name: number.to_owned() }
}

/// Serves every verb of every kind.
pub(crate) async fn serve(chassis: &Chassis, shared: &Arc<Shared>) -> Result<(), iracluster::Error> {
    serve_kind::<Trunk>(chassis, shared).await?;
    serve_kind::<Number>(chassis, shared).await?;
    serve_kind::<Route>(chassis, shared).await?;
    serve_kind::<Bot>(chassis, shared).await
}

async fn serve_kind<T: Verbs>(chassis: &Chassis, shared: &Arc<Shared>) -> Result<(), iracluster::Error> {
    let noun = T::KIND.noun();
    let own = Arc::clone(shared);
    let create_it = move |context, object: T| create(Arc::clone(&own), context, object);
    chassis.serve(noun, "create", Where::Anywhere, create_it).await?;
    let own = Arc::clone(shared);
    let update_it = move |context, object: T| update(Arc::clone(&own), context, object);
    chassis.serve(noun, "update", Where::Anywhere, update_it).await?;
    let own = Arc::clone(shared);
    let delete_it = move |context, request: T::Delete| delete::<T>(Arc::clone(&own), context, request);
    chassis.serve(noun, "delete", Where::Anywhere, delete_it).await?;
    let own = Arc::clone(shared);
    let get_it = move |context, request: T::Get| get::<T>(Arc::clone(&own), context, request);
    chassis.serve(noun, "get", Where::Anywhere, get_it).await?;
    let own = Arc::clone(shared);
    let list_it = move |context, request: T::List| list::<T>(Arc::clone(&own), context, request);
    chassis.serve(noun, "list", Where::Anywhere, list_it).await
}

fn not_found<T: Object>(key: &Key) -> Error {
    Error::new(T::KIND.not_found(), format!("there is no {} {key}", T::KIND.noun())).field(T::KIND.name_field())
}

fn declared<T: Object>(key: &Key) -> Error {
    let sentence = format!("{} {key} is declared in the trunk-manager's file: change it there", T::KIND.noun());
    Error::new(ErrorCode::WrongState, sentence).field(T::KIND.name_field())
}

fn conflict<T: Object>(key: &Key, revision: Option<u64>) -> Error {
    let now =
        revision.map_or_else(|| "has been changed".to_owned(), |revision| format!("is at revision {revision} now"));
    Error::new(ErrorCode::RevisionConflict, format!("{} {key} {now}", T::KIND.noun())).field("revision")
}

fn exists<T: Object>(key: &Key) -> Error {
    let sentence = format!("there is a {} {key} already: change it by update", T::KIND.noun());
    Error::new(ErrorCode::RevisionConflict, sentence).field(T::KIND.name_field())
}

/// Whether an object can go into force now. What it names and is not known here may have come to another trunk-manager a moment ago.
async fn check<T: Checked>(shared: &Shared, object: &T) -> Result<(), Error> {
    for (kind, key) in object.references() {
        let is_known = shared.view(|view| match kind {
            Kind::Bot => view.get::<Bot>(&key).is_some(),
            Kind::Route => view.get::<Route>(&key).is_some(),
            Kind::Trunk => view.get::<Trunk>(&key).is_some(),
            Kind::Number => view.get::<Number>(&key).is_some(),
        });
        if is_known {
            continue;
        }
        match kind {
            Kind::Bot => shared.refresh::<Bot>(&key).await?,
            Kind::Route => shared.refresh::<Route>(&key).await?,
            Kind::Trunk => shared.refresh::<Trunk>(&key).await?,
            Kind::Number => shared.refresh::<Number>(&key).await?,
        }
    }
    shared.view(|view| object.check(view))
}

/// Whether what is kept is what a request wanted, which may have been carried out before.
fn is_done<T: Object>(kept: &T, wanted: &T) -> bool {
    without_revision(kept) == without_revision(wanted)
}

fn accept<T: Object>(shared: &Shared, mut object: T, revision: u64) -> Result<T, Error> {
    object.set_revision(revision);
    shared.take(object.key(), revision, Some(object.clone())).map_err(not_landed)?;
    Ok(object)
}

async fn create<T: Checked>(shared: Arc<Shared>, context: RequestContext, mut object: T) -> Result<T, Error> {
    adopt(&mut object, &context.tenant)?;
    object.set_revision(0);
    object.without_status();
    let buckets = shared.buckets()?;
    let verb = format!("{}.create", T::KIND.noun());
    let run = |is_in_doubt| {
        let (shared, buckets, object) = (&shared, &buckets, object.clone());
        async move {
            let key = object.key();
            check(shared, &object).await?;
            if shared.view(|view| view.declared::<T>(&key).is_some()) {
                return Err(declared::<T>(&key));
            }
            match buckets.create(&object).await {
                Ok(revision) => accept(shared, object, revision),
                Err(NotWritten::Failed(error)) => Err(error),
                Err(NotWritten::Conflict) => {
                    shared.refresh::<T>(&key).await?;
                    let kept = shared.view(|view| view.held::<T>(&key).cloned());
                    let done = kept.filter(|kept| is_in_doubt && is_done(kept, &object));
                    done.ok_or_else(|| exists::<T>(&key))
                }
            }
        }
    };
    once(&buckets.requests, &context, &verb, &object, run).await
}

async fn update<T: Checked>(shared: Arc<Shared>, context: RequestContext, mut object: T) -> Result<T, Error> {
    adopt(&mut object, &context.tenant)?;
    object.without_status();
    if object.revision() == 0 {
        let sentence = "revision is missing: give the one that get or list showed; 0 is what the file declares, which is changed there";
        return Err(Error::invalid("revision", sentence));
    }
    let buckets = shared.buckets()?;
    let verb = format!("{}.update", T::KIND.noun());
    let run = |is_in_doubt| {
        let (shared, buckets, object) = (&shared, &buckets, object.clone());
        async move {
            let key = object.key();
            shared.refresh::<T>(&key).await?;
            if shared.view(|view| view.declared::<T>(&key).is_some()) {
                return Err(declared::<T>(&key));
            }
            let kept = shared.view(|view| view.held::<T>(&key).cloned()).ok_or_else(|| not_found::<T>(&key))?;
            if kept.revision() != object.revision() {
                let done = Some(kept.clone()).filter(|kept| is_in_doubt && is_done(kept, &object));
                return done.ok_or_else(|| conflict::<T>(&key, Some(kept.revision())));
            }
            check(shared, &object).await?;
            match buckets.update(&object).await {
                Ok(revision) => accept(shared, object, revision),
                Err(NotWritten::Failed(error)) => Err(error),
                Err(NotWritten::Conflict) => Err(conflict::<T>(&key, None)),
            }
        }
    };
    once(&buckets.requests, &context, &verb, &object, run).await
}

async fn delete<T: Verbs>(
    shared: Arc<Shared>,
    context: RequestContext,
    request: T::Delete,
) -> Result<T::DeleteReply, Error> {
    let (key, revision) = T::key_to_delete(&context.tenant, &request);
    let buckets = shared.buckets()?;
    let verb = format!("{}.delete", T::KIND.noun());
    let run = |is_in_doubt| {
        let (shared, buckets, key) = (&shared, &buckets, key.clone());
        async move {
            shared.refresh::<T>(&key).await?;
            if shared.view(|view| view.declared::<T>(&key).is_some()) {
                return Err(declared::<T>(&key));
            }
            let Some(kept) = shared.view(|view| view.held::<T>(&key).map(Object::revision)) else {
                return if is_in_doubt { Ok(T::DeleteReply::default()) } else { Err(not_found::<T>(&key)) };
            };
            if revision != 0 && revision != kept {
                return Err(conflict::<T>(&key, Some(kept)));
            }
            if let Some(user) = shared.view(|view| T::user(&key, view)) {
                let sentence = format!("{} {key} is used by {user}", T::KIND.noun());
                return Err(Error::new(ErrorCode::WrongState, sentence).field(T::KIND.name_field()));
            }
            match buckets.delete::<T>(&key, kept).await {
                Ok(()) => {}
                Err(NotWritten::Failed(error)) => return Err(error),
                Err(NotWritten::Conflict) => return Err(conflict::<T>(&key, None)),
            }
            // The revision of the deletion is not told; it is higher than this, so that the bucket's own word comes after.
            shared.take::<T>(key, kept.saturating_add(1), None).map_err(not_landed)?;
            Ok(T::DeleteReply::default())
        }
    };
    once(&buckets.requests, &context, &verb, &request, run).await
}

async fn get<T: Verbs>(shared: Arc<Shared>, context: RequestContext, request: T::Get) -> Result<T, Error> {
    let key = T::key_to_get(&context.tenant, request);
    // What was just written to another trunk-manager is seen here; without JetStream, what is in force.
    if let Err(error) = shared.refresh::<T>(&key).await {
        tracing::debug!(%error, "answered from memory");
    }
    let object = shared.view(|view| view.get::<T>(&key).cloned()).ok_or_else(|| not_found::<T>(&key))?;
    let mut objects = vec![object];
    shared.fill_in_status(&mut objects)?;
    objects.pop().ok_or_else(|| not_found::<T>(&key))
}

async fn list<T: Verbs>(shared: Arc<Shared>, context: RequestContext, request: T::List) -> Result<T::ListReply, Error> {
    let (limit, cursor) = T::limit_and_cursor(request);
    let limit = match usize::try_from(limit).unwrap_or(LIMIT_MAX) {
        0 => LIMIT_DEFAULT,
        limit => limit.min(LIMIT_MAX),
    };
    let after = match cursor.as_str() {
        "" => None,
        text => {
            Some(Key::from_bucket(text).ok_or_else(|| Error::invalid("cursor", "cursor: is none of a list's reply"))?)
        }
    };
    // One more than asked for tells whether there is another page.
    let mut objects: Vec<T> = shared.view(|view| view.page(&context.tenant, after.as_ref(), limit + 1));
    let mut cursor = String::new();
    if objects.len() > limit {
        objects.truncate(limit);
        cursor = objects.last().map(|object| object.key().to_bucket()).unwrap_or_default();
    }
    shared.fill_in_status(&mut objects)?;
    Ok(T::page(objects, cursor))
}
