//! What the four kinds of objects have in common, as a client sees them.

use botstream_api::encoding::Body;
use botstream_api::{
    Bot, BotDeleteReply, BotDeleteRequest, BotListReply, BotListRequest, Client, ClientError, Number,
    NumberDeleteReply, NumberDeleteRequest, NumberListReply, NumberListRequest, Route, RouteDeleteReply,
    RouteDeleteRequest, RouteListReply, RouteListRequest, Trunk, TrunkDeleteReply, TrunkDeleteRequest, TrunkListReply,
    TrunkListRequest,
};

/// Most objects in one reply; fewer bytes than NATS carries, unless they are very large.
const PAGE: u32 = 500;

/// An object of one kind.
pub(crate) trait Kind: Body + Clone + PartialEq + 'static {
    const NOUN: &'static str;
    type Delete: Body;
    type DeleteReply: Body;
    type List: Body;
    type ListReply: Body;

    /// What it is called, in the order in which lists come.
    fn key(&self) -> (String, String);
    fn revision(&self) -> u64;
    /// Without what only the cluster knows: revision, tenant, and how it is.
    fn bare(self) -> Self;
    fn with_revision(self, revision: u64) -> Self;
    fn deletion(&self) -> Self::Delete;
    fn page(limit: u32, cursor: String) -> Self::List;
    fn objects(reply: Self::ListReply) -> (Vec<Self>, String);

    /// As people call it.
    fn title(&self) -> String {
        match self.key() {
            (trunk, name) if trunk.is_empty() => format!("{} {name}", Self::NOUN),
            (trunk, name) => format!("{} {name} of trunk {trunk}", Self::NOUN),
        }
    }
}

macro_rules! kind {
    ($message:ident { $($told:ident),* }, $noun:literal, $plural:ident, $list:ident, $listed:ident, $delete:ident, $deleted:ident, $trunk:expr, $name:ident { $($field:ident),+ }) => {
        impl Kind for $message {
            const NOUN: &'static str = $noun;
            type Delete = $delete;
            type DeleteReply = $deleted;
            type List = $list;
            type ListReply = $listed;

            fn key(&self) -> (String, String) {
                ($trunk(self), self.$name.clone())
            }
            fn revision(&self) -> u64 {
                self.revision
            }
            fn bare(self) -> Self {
                Self { revision: 0, tenant: String::new(), $($told: None,)* ..self }
            }
            fn with_revision(self, revision: u64) -> Self {
                Self { revision, ..self }
            }
            fn deletion(&self) -> $delete {
                $delete { $($field: self.$field.clone(),)+ revision: self.revision }
            }
            fn page(limit: u32, cursor: String) -> $list {
                $list { limit, cursor }
            }
            fn objects(reply: $listed) -> (Vec<Self>, String) {
                (reply.$plural, reply.cursor)
            }
        }
    };
}

fn none<T>(_: &T) -> String {
    String::new()
}

fn trunk_of(number: &Number) -> String {
    number.trunk.clone()
}

kind!(
    Trunk { status },
    "trunk",
    trunks,
    TrunkListRequest,
    TrunkListReply,
    TrunkDeleteRequest,
    TrunkDeleteReply,
    none,
    name { name }
);
kind!(
    Route {},
    "route",
    routes,
    RouteListRequest,
    RouteListReply,
    RouteDeleteRequest,
    RouteDeleteReply,
    none,
    name { name }
);
kind!(Bot {}, "bot", bots, BotListRequest, BotListReply, BotDeleteRequest, BotDeleteReply, none, name { name });
kind!(
    Number {},
    "number",
    numbers,
    NumberListRequest,
    NumberListReply,
    NumberDeleteRequest,
    NumberDeleteReply,
    trunk_of,
    number { number, trunk }
);

/// All of the tenant.
pub(crate) async fn all<K: Kind>(client: &Client) -> Result<Vec<K>, ClientError> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let reply: K::ListReply = client.request(K::NOUN, "list", &K::page(PAGE, cursor)).await?;
        let (page, next) = K::objects(reply);
        all.extend(page);
        if next.is_empty() {
            return Ok(all);
        }
        cursor = next;
    }
}
