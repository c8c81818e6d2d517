//! The merge of cache/store.rs: writers that share one stored blob, each reading, changing and writing when it likes, held against a
//! reference that knows of nothing but who signed in and when.
//!
//! A write replaces the version that its writer read and no other, as js/cache-access.js has it; after a conflict the writer reads again,
//! whereby what it had done is done to what others have made of it. tests/rust/merge.rs makes the orders at random, the fuzzer of bytes.

use std::collections::BTreeMap;
use std::fmt;

use doorcode::cache::record::{AccessToken, RefreshToken, Tokens, Wanted, Whose};
use doorcode::cache::store::Store;
use doorcode::protocol::account::{Account, Profile};
use doorcode::protocol::scopes::Scopes;
use doorcode::secret::Secret;

/// How many share the blob.
pub const WRITERS: usize = 3;

const CLIENT: &str = "client";

/// Who signs in and out, with the server. The first two differ in their capitals alone; the third and the fourth in the server.
pub const PEOPLE: [(&str, &str); 4] = [
    ("ada.tenant", "login.windows.net"),
    ("Ada.tenant", "login.windows.net"),
    ("grace", "id.example"),
    ("grace", "other.example"),
];

/// What somebody else has put there, that must stay to the byte.
const FOREIGN: [&str; 3] = [
    r#""Unknown" : [ 9007199254740993 ]"#,
    r#""zoe-x":{ "home_account_id":"zoe", "environment":"login.windows.net", "secret":"theirs", "n" : 1.50 }"#,
    r#""constructor":{ "n" : 1e400 }"#,
];

/// The most steps of an input.
const MOST: usize = 200;

/// What a writer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Reads what is stored.
    Read,
    /// Tries to store what it has: once.
    Write,
    /// Stores what it has, and does not hear that it worked.
    WriteUnheard,
    /// Somebody signs in.
    SignIn,
    /// Somebody's tokens are renewed.
    Renew,
    /// Somebody signs out.
    SignOut,
    /// Somebody's refresh token is refused for good.
    Forget,
    /// Gives up places of what is gone.
    Tidy,
    /// Dies, and starts again knowing nothing.
    Die,
}

impl Act {
    /// Each, with its letter.
    pub const ALL: [(Self, char); 9] = [
        (Self::Read, 'r'),
        (Self::Write, 'w'),
        (Self::WriteUnheard, 'u'),
        (Self::SignIn, 'i'),
        (Self::Renew, 'n'),
        (Self::SignOut, 'o'),
        (Self::Forget, 'f'),
        (Self::Tidy, 't'),
        (Self::Die, 'd'),
    ];
}

/// One writer's act, and whom it is about, if anybody.
#[derive(Clone, Copy)]
pub struct Step {
    /// What.
    pub act: Act,
    /// Which writer.
    pub writer: usize,
    /// Of [`PEOPLE`].
    pub person: usize,
}

/// As inputs have it: `i02`.
impl fmt::Debug for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = Act::ALL.iter().find(|(act, _)| *act == self.act).map_or('?', |(_, letter)| *letter);
        write!(formatter, "{letter}{}{}", self.writer, self.person)
    }
}

/// Takes steps: a letter, the writer, the person.
pub fn run(bytes: &[u8]) {
    let steps = bytes.split(u8::is_ascii_whitespace).filter_map(|word| {
        let [letter, writer, person] = word else {
            return None;
        };
        let (act, _) = *Act::ALL.iter().find(|(_, known)| *known == char::from(*letter))?;
        let digit = |byte: &u8| usize::from(byte.wrapping_sub(b'0'));
        Some(Step { act, writer: digit(writer) % WRITERS, person: digit(person) % PEOPLE.len() })
    });
    merge(&steps.take(MOST).collect::<Vec<_>>());
}

/// Takes the steps, and at the end lets everybody store what is left and read what is there.
pub fn merge(steps: &[Step]) {
    let mut world = World::new();
    for (now, step) in (10..).zip(steps) {
        world.take(*step, now);
        world.check(step.writer);
    }
    for writer in 0..WRITERS {
        for act in [Act::Read, Act::Write] {
            world.take(Step { act, writer, person: 0 }, 0);
            world.check(writer);
        }
        assert!(!world.writers[writer].store.has_changed(), "what was read just now can be written");
    }
    for writer in 0..WRITERS {
        world.take(Step { act: Act::Read, writer, person: 0 }, 0);
        world.check(writer);
        assert_eq!(world.writers[writer].people, world.stored, "all agree");
        assert_eq!(written(&world.writers[writer].store), world.disk, "all agree");
    }
}

/// What is to be known of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    /// When they signed in last.
    since: u64,
    /// When the refresh token was got; none once it was refused.
    token: Option<u64>,
}

type People = BTreeMap<usize, Known>;

/// What a writer has done about a person and not stored.
#[derive(Debug, Clone, Default)]
struct Unsaved {
    has_signed_out: bool,
    forgotten: Vec<u64>,
    /// When they signed in, and whether that stands even if they have signed out elsewhere.
    signed_in: Option<(u64, bool)>,
    token: Option<u64>,
}

#[derive(Default)]
struct Writer {
    store: Store,
    /// Which version of the disk it read.
    version: u32,
    people: People,
    unsaved: BTreeMap<usize, Unsaved>,
}

struct World {
    disk: String,
    version: u32,
    stored: People,
    writers: [Writer; WRITERS],
    /// Whose refresh tokens were ever refused.
    refused: [bool; PEOPLE.len()],
}

impl World {
    fn new() -> Self {
        let [section, entity, odd] = FOREIGN;
        let disk = format!(r#"{{{section},"RefreshToken":{{{entity},{odd}}}}}"#);
        let mut world =
            Self { disk, version: 1, stored: People::new(), writers: Default::default(), refused: Default::default() };
        for writer in &mut world.writers {
            writer.read(&world.disk, world.version, &world.stored);
        }
        world
    }

    fn take(&mut self, Step { act, writer, person }: Step, now: u64) {
        let writer = &mut self.writers[writer];
        match act {
            Act::Read => writer.read(&self.disk, self.version, &self.stored),
            Act::Write | Act::WriteUnheard => {
                if !writer.store.has_changed() {
                    return;
                }
                if writer.version != self.version {
                    return writer.read(&self.disk, self.version, &self.stored);
                }
                self.disk = written(&writer.store);
                self.version += 1;
                self.stored = writer.people.clone();
                if act == Act::Write {
                    writer.version = self.version;
                    writer.store.saved();
                    writer.unsaved.clear();
                }
            }
            Act::SignIn => {
                assert!(save(&mut writer.store, person, now, true));
                writer.people.insert(person, Known { since: now, token: Some(now) });
                let unsaved = writer.unsaved.entry(person).or_default();
                (unsaved.signed_in, unsaved.token) = (Some((now, true)), Some(now));
            }
            Act::Renew => {
                let known = writer.people.get_mut(&person);
                assert_eq!(save(&mut writer.store, person, now, false), known.is_some());
                if let Some(known) = known {
                    known.token = Some(now);
                    writer.unsaved.entry(person).or_default().token = Some(now);
                }
            }
            Act::SignOut => {
                let found = writer.store.sign_out(&whose(person));
                assert_eq!(found, writer.people.remove(&person).is_some());
                if found {
                    let forgotten = writer.unsaved.remove(&person).unwrap_or_default().forgotten;
                    writer.unsaved.insert(person, Unsaved { has_signed_out: true, forgotten, ..Unsaved::default() });
                }
            }
            Act::Forget => {
                let Some(time) = writer.people.get_mut(&person).and_then(|known| known.token.take()) else {
                    return;
                };
                self.refused[person] = true;
                writer.store.forget(&whose(person), &Secret::new(format!("RT-{time}")));
                let unsaved = writer.unsaved.entry(person).or_default();
                unsaved.forgotten.push(time);
                unsaved.token = None;
            }
            Act::Tidy => writer.store.tidy(),
            Act::Die => {
                *writer = Writer::default();
                writer.read(&self.disk, self.version, &self.stored);
            }
        }
    }

    /// The writer's store holds what it should.
    fn check(&self, writer: usize) {
        let Writer { store, people, .. } = &self.writers[writer];
        let blob = written(store);
        for (person, (home, _)) in PEOPLE.iter().enumerate() {
            let whose = whose(person);
            let known = people.get(&person);
            assert_eq!(store.knows(&whose), known.is_some(), "whether {home} is signed in: {blob}");
            let tokens = store.refresh_tokens(&whose, CLIENT);
            let found: Vec<&str> = tokens.iter().map(|token| token.secret.expose()).collect();
            let expected: Vec<String> =
                known.and_then(|known| known.token).iter().map(|time| format!("RT-{time}")).collect();
            assert_eq!(found, expected, "{home}'s refresh token: {blob}");
            if known.is_some() {
                assert!(!found.is_empty() || self.refused[person], "{home} is signed in and has no token: {blob}");
                let scopes = Scopes::granted("User.Read");
                let wanted = Wanted {
                    client_id: CLIENT,
                    realm: "tenant",
                    scopes: &scopes,
                    resource: None,
                    user_assertion_hash: None,
                };
                // A sign-in may outlive the newer tokens that took its own's place, where a refresh token of theirs was refused.
                let has_token = store.access_token(&whose, &wanted).is_some();
                assert!(has_token || self.refused[person], "{home} is signed in: {blob}");
            }
        }
        for piece in FOREIGN {
            assert_eq!(blob.matches(piece).count(), 1, "{piece} in {blob}");
        }
    }
}

impl Writer {
    fn read(&mut self, disk: &str, version: u32, stored: &People) {
        self.store.load(disk.to_owned()).expect("what was written can be read");
        self.version = version;
        self.people = stored.clone();
        for (person, unsaved) in &mut self.unsaved {
            // Who has signed out elsewhere need not be signed out: if they are there later, they have signed in since.
            unsaved.has_signed_out = unsaved.has_signed_out && self.people.remove(person).is_some();
            if let Some(known) = self.people.get_mut(person) {
                unsaved.forgotten.retain(|time| known.token == Some(*time));
                known.token = known.token.filter(|time| !unsaved.forgotten.contains(time));
            } else {
                unsaved.forgotten.clear();
            }
            if let Some((since, stands)) = &mut unsaved.signed_in {
                match self.people.get_mut(person) {
                    Some(theirs) if theirs.since >= *since => unsaved.signed_in = None,
                    Some(theirs) => theirs.since = *since,
                    None if *stands => {
                        self.people.insert(*person, Known { since: *since, token: None });
                    }
                    None => unsaved.signed_in = None,
                }
            }
            // The newest wins, and stands for the sign-in that brought the other: whoever signs out of it, signs out of that.
            match self.people.get_mut(person) {
                Some(known) if known.token < unsaved.token => known.token = unsaved.token,
                known => {
                    let is_replaced = known.is_some_and(|known| unsaved.token.is_some() && known.token > unsaved.token);
                    if let Some((_, stands)) = unsaved.signed_in.as_mut().filter(|_| is_replaced) {
                        *stands = false;
                    }
                    unsaved.token = None;
                }
            }
        }
    }
}

fn whose(person: usize) -> Whose<'static> {
    let (home_account_id, environment) = PEOPLE[person];
    Whose { home_account_id, environment }
}

fn written(store: &Store) -> String {
    store.write().expose().to_owned()
}

/// Remembers what a server gave at a time: `AT-n`, `RT-n` and `ID-n`.
fn save(store: &mut Store, person: usize, now: u64, is_sign_in: bool) -> bool {
    let secret = |kind: &str| Secret::new(format!("{kind}-{now}"));
    let (home, environment) = PEOPLE[person];
    let mut account = Account {
        home_account_id: home.to_owned(),
        environment: environment.to_owned(),
        tenant_id: "tenant".to_owned(),
        username: format!("{home}@example.com"),
        local_account_id: home.to_owned(),
        authority_type: "Generic",
        is_home_tenant: true,
        ..Account::default()
    };
    account.profiles.push(Profile::of(&account));
    store.save(&Tokens {
        client_id: CLIENT,
        account: &account,
        client_info: None,
        id_token: Some(&secret("ID")),
        access_token: &AccessToken {
            secret: secret("AT"),
            token_type: "Bearer".to_owned(),
            target: "User.Read openid".to_owned(),
            cached_at: now,
            expires_on: now + 3_600,
            extended_expires_on: None,
            refresh_on: None,
        },
        resource: None,
        refresh_token: Some(&RefreshToken { secret: secret("RT"), family_id: String::new(), expires_on: None }),
        user_assertion_hash: None,
        is_sign_in,
    })
}
