//! Parses batches of list items and texts of YAML on several threads into one builder.
//!
//! The order in which batches finish does not matter: the builder sorts when it is frozen.

use std::borrow::Cow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use ringfort_model::{
    ClusterBuilder, Interner, Listed, Object, SourceKind, SpecPool, Str, Written, with_interner,
};
use rustc_hash::FxHashSet;

use crate::document::{TypeMeta, type_of};
use crate::field_lines::of_json;
use crate::lists::stand;
use crate::unjudged::{self, Unjudged};
use crate::visit::Visitor;

/// Items are handed over in batches of about this many bytes.
pub(crate) const BATCH_BYTES: usize = 256 << 10;

/// Items of one list.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) file: Arc<str>,
    /// The type of all items, if the list says it; else each item says its own.
    pub(crate) types: Option<TypeMeta>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) ends: Vec<usize>,
    /// The line on which each begins, where the list is a file; 0 for not known.
    pub(crate) lines: Vec<u32>,
}

impl Batch {
    /// Each item with its type and the line on which it begins.
    fn items(&self) -> impl Iterator<Item = (&[u8], Cow<'_, TypeMeta>, u32)> {
        let mut from = 0;
        self.ends.iter().enumerate().map(move |(at, &end)| {
            let item = &self.bytes[from..end];
            from = end;
            let types = match &self.types {
                Some(types) => Cow::Borrowed(types),
                None => Cow::Owned(type_of(item)),
            };
            (item, types, self.lines.get(at).copied().unwrap_or_default())
        })
    }
}

/// Documents of a YAML file.
pub(crate) struct Text {
    pub(crate) file: Arc<str>,
    pub(crate) content: String,
    /// Lines of the file before them.
    pub(crate) before: usize,
    /// How deep values may be nested.
    pub(crate) depth: usize,
}

/// What is handed over.
enum Work {
    Items(Batch),
    Text(Text),
}

/// What parsing fills.
pub(crate) struct Filled {
    pub(crate) builder: ClusterBuilder,
    /// Objects read.
    pub(crate) objects: u64,
    /// Whether some object carries what only a server writes.
    pub(crate) from_server: bool,
    /// Which lists were read to their end: file and type of the items.
    pub(crate) seen: FxHashSet<(Arc<str>, TypeMeta)>,
    /// Whether some list held an object of which not even the kind could be read.
    pub(crate) untyped: bool,
    /// Whether documents of YAML are broken.
    pub(crate) broken: bool,
    /// Whether an object of a kind that the model keeps does not read.
    pub(crate) strange: bool,
    /// Whether there is a list, be it of nothing.
    pub(crate) listed: bool,
}

impl Filled {
    pub(crate) fn new() -> Self {
        Self {
            builder: ClusterBuilder::new(SourceKind::Dump),
            objects: 0,
            from_server: false,
            seen: FxHashSet::default(),
            untyped: false,
            broken: false,
            strange: false,
            listed: false,
        }
    }

    /// Notes that an object does not read, and hence that its kind is not complete.
    pub(crate) fn unread(&mut self, file: &str, types: &TypeMeta, reason: &str) {
        self.builder.gap(file, reason);
        let kind = resource_of(types).or_else(|| resource_of(&types.element()?));
        match kind {
            Some(resource) => {
                self.strange = true;
                let listed = Listed::Partial("some objects do not read".into());
                self.builder.coverage().note(&resource, listed);
            }
            None => {
                let meant = unjudged::misspelled(types).and_then(|why| why.resource);
                self.strange |= meant.is_some();
                self.untyped |= matches!(types.kind.as_str(), "" | "List");
            }
        }
    }

    /// Notes that an object is not judged; verdicts rest on it if it stands for a resource.
    pub(crate) fn unjudged(&mut self, title: &str, why: &Unjudged) {
        self.builder.gap(title, &why.reason);
        self.strange |= why.resource.is_some();
        if let Some(resource) = &why.resource {
            let listed = Listed::Partial("some objects are not judged, see the gaps".into());
            self.builder.coverage().note(resource, listed);
        }
    }

    /// Adds objects that were read elsewhere.
    pub(crate) fn add(&mut self, object: Object) {
        let meta = object.meta();
        self.objects += 1;
        self.from_server |= !meta.uid.is_empty() || !meta.resource_version.is_empty();
        self.builder.add(object);
    }
}

/// Where objects go.
#[derive(Clone, Copy)]
pub(crate) struct Store<'s> {
    filled: &'s Mutex<Filled>,
    visitor: Option<&'s Visitor<'s>>,
}

impl Store<'_> {
    /// Who looks at objects in place of their being kept.
    pub(crate) fn visitor(&self) -> Option<&Visitor<'_>> {
        self.visitor
    }

    /// The builder, for what is read outside lists.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Filled) -> T) -> T {
        work(&mut self.filled.lock().expect("no worker panics while it holds the builder"))
    }

    fn take(&self, work: Work, specs: &mut SpecPool) {
        match (work, self.visitor) {
            (Work::Items(batch), Some(visitor)) => show(&batch, visitor),
            (Work::Items(batch), None) => parse(&batch, specs, self.filled),
            (Work::Text(text), _) => crate::manifest::read(*self, &text),
        }
    }
}

/// Where batches and texts go.
pub(crate) struct Pool<'s> {
    send: Option<SyncSender<Work>>,
    store: Store<'s>,
    interner: Interner,
    specs: SpecPool,
}

impl<'s> Pool<'s> {
    fn new(send: Option<SyncSender<Work>>, store: Store<'s>) -> Self {
        Self { send, store, interner: Interner::default(), specs: SpecPool::default() }
    }

    /// Hands a batch over, or parses it here when there are no workers.
    pub(crate) fn parse(&mut self, batch: Batch) {
        self.hand_over(Work::Items(batch));
    }

    /// Hands a text over, or parses it here when there are no workers.
    pub(crate) fn parse_text(&mut self, text: Text) {
        self.hand_over(Work::Text(text));
    }

    fn hand_over(&mut self, work: Work) {
        match &self.send {
            // A send fails only when every worker is gone, which a panic would have reported.
            Some(send) => {
                let sent = send.send(work);
                assert!(sent.is_ok(), "workers run until the sender is dropped");
            }
            None => {
                let interner = std::mem::take(&mut self.interner);
                let ((), interner) =
                    with_interner(interner, || self.store.take(work, &mut self.specs));
                self.interner = interner;
            }
        }
    }

    /// Where objects go that are read here.
    pub(crate) fn store(&self) -> Store<'s> {
        self.store
    }

    /// The builder, for what is read outside lists.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Filled) -> T) -> T {
        self.store.with(work)
    }
}

/// Runs `work` with a pool of that many threads and gives back what was filled.
pub(crate) fn run(
    threads: usize,
    visitor: Option<&Visitor<'_>>,
    work: impl FnOnce(&mut Pool<'_>),
) -> Filled {
    let filled = Mutex::new(Filled::new());
    let store = Store { filled: &filled, visitor };
    if threads <= 1 {
        work(&mut Pool::new(None, store));
    } else {
        let (send, receive) = sync_channel::<Work>(threads * 2);
        let receive = Arc::new(Mutex::new(receive));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                let receive = Arc::clone(&receive);
                scope.spawn(move || with_interner(Interner::default(), || serve(&receive, store)));
            }
            let mut pool = Pool::new(Some(send), store);
            work(&mut pool);
            drop(pool);
        });
    }
    filled.into_inner().expect("no worker panicked")
}

fn serve(receive: &Mutex<Receiver<Work>>, store: Store<'_>) {
    let mut specs = SpecPool::default();
    loop {
        let next = receive.lock().expect("waiting for work does not panic").recv();
        let Ok(work) = next else { return };
        store.take(work, &mut specs);
    }
}

/// Shows items to a visitor, those that would be kept and no others.
fn show(batch: &Batch, visitor: &Visitor<'_>) {
    let file = Str::new(&batch.file);
    for (item, types, line) in batch.items() {
        visitor.show(&types, item, (&file, line));
    }
}

fn parse(batch: &Batch, specs: &mut SpecPool, filled: &Mutex<Filled>) {
    let mut objects = Vec::with_capacity(batch.ends.len());
    let mut warnings: Vec<(String, String)> = Vec::new();
    let mut not_judged: Vec<(String, Unjudged)> = Vec::new();
    let mut written = Vec::new();
    let mut unread: Vec<(TypeMeta, String)> = Vec::new();
    let mut seen: FxHashSet<TypeMeta> = FxHashSet::default();
    let file = Str::new(&batch.file);
    for (item, types, line) in batch.items() {
        let types = &*types;
        match read_one(types, item) {
            Ok((mut object, warning)) => {
                let missed = unjudged::of(types, &object, item);
                not_judged.extend(missed.map(|why| (object.title(), why)));
                stand(&mut object, &file, line, || of_json(item, line));
                specs.share(&mut object);
                warnings.extend(warning.map(|warning| (object.title(), warning)));
                // A typed list says what it is itself, at its end.
                if batch.types.is_none() && !seen.contains(types) {
                    seen.insert(types.clone());
                }
                written.extend(Written::of(&types.api_version, &object));
                objects.push(object);
            }
            Err(reason) => unread.push((types.clone(), reason)),
        }
    }
    let mut filled = filled.lock().expect("no worker panics while it holds the builder");
    for object in objects {
        filled.add(object);
    }
    for types in seen {
        filled.seen.insert((batch.file.clone(), types));
    }
    filled.builder.written(written);
    for (object, warning) in warnings {
        filled.builder.gap(&object, &warning);
    }
    for (object, why) in not_judged {
        filled.unjudged(&object, &why);
    }
    for (types, reason) in unread {
        filled.unread(&batch.file, &types, &reason);
    }
}

/// Reads one object, with a warning if its version is no longer served; the error names it as
/// far as its metadata can be read.
pub(crate) fn read_one(types: &TypeMeta, json: &[u8]) -> Result<(Object, Option<String>), String> {
    if types.kind.is_empty() {
        return Err("an object without apiVersion and kind".to_owned());
    }
    if types.kind == "List" || types.element().is_some_and(|one| resource_of(&one).is_some()) {
        return Err(format!("a {} in place of an object; what it holds is not read", types.kind));
    }
    let mut object = Object::read_as(&types.api_version, &types.kind, json).map_err(|error| {
        let name = name_of(json);
        format!("{} {name}: {error}", types.kind)
    })?;
    // Marks that only a snapshot may carry.
    object.meta_mut().origin = None;
    if object.meta().name.is_empty() && object.meta().generate_name.is_empty() {
        return Err(format!("a {} without a name", types.kind));
    }
    let odd = crate::names::refused(&object);
    if let Some(reason) = crate::version::unserved(types) {
        if !crate::version::void(&mut object, &reason) {
            return Err(format!("{}: {reason}", object.title()));
        }
        return Ok((object, Some(reason)));
    }
    let meta = object.meta();
    if let (true, Some(reason)) = (
        meta.uid.is_empty() && meta.resource_version.is_empty(),
        crate::version::perhaps_unserved(types),
    ) {
        return Err(format!("{}: {reason}", object.title()));
    }
    let warnings = [odd, removed_version(types)].into_iter().flatten().collect::<Vec<_>>();
    Ok((object, (!warnings.is_empty()).then(|| warnings.join("; "))))
}

/// A warning for API versions that were removed from Kubernetes but read the same.
fn removed_version(types: &TypeMeta) -> Option<String> {
    let since = match (types.api_version.as_str(), types.kind.as_str()) {
        ("extensions/v1beta1", "Ingress") | ("networking.k8s.io/v1beta1", _) => "1.22",
        ("extensions/v1beta1" | "apps/v1beta1" | "apps/v1beta2", _) => "1.16",
        ("rbac.authorization.k8s.io/v1beta1" | "rbac.authorization.k8s.io/v1alpha1", _) => "1.22",
        ("admissionregistration.k8s.io/v1beta1", kind) if kind.contains("Webhook") => "1.22",
        ("apiextensions.k8s.io/v1beta1", _) => "1.22",
        ("batch/v1beta1" | "discovery.k8s.io/v1beta1" | "policy/v1beta1", _) => "1.25",
        ("node.k8s.io/v1beta1", _) => "1.25",
        _ => return None,
    };
    Some(format!(
        "apiVersion {} is served by no Kubernetes since {since}; it was read as the version that replaced it",
        types.api_version
    ))
}

fn name_of(json: &[u8]) -> String {
    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    struct Named {
        metadata: NameOnly,
    }
    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    struct NameOnly {
        namespace: String,
        name: String,
    }
    let named: Named = serde_json::from_slice(json).unwrap_or_default();
    match named.metadata.namespace.as_str() {
        "" => named.metadata.name,
        namespace => format!("{namespace}/{}", named.metadata.name),
    }
}

/// `plural.group` of a type that the model keeps.
pub(crate) fn resource_of(types: &TypeMeta) -> Option<String> {
    let group = types.api_version.split_once('/').map_or("", |(group, _)| group);
    if let Some(kind) = ringfort_model::Kind::of(group, &types.kind) {
        return Some(ringfort_model::Coverage::key(kind));
    }
    let read = ringfort_model::record::custom::is_read(group, &types.kind);
    read.then(|| ringfort_model::record::custom::resource(group, &types.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_custom_resources_that_rules_read_have_their_resource() {
        let of = |api_version: &str, kind: &str| {
            resource_of(&TypeMeta { api_version: api_version.into(), kind: kind.into() })
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of("argoproj.io/v1alpha1", "AppProject"), some("appprojects.argoproj.io"));
        let source = "source.toolkit.fluxcd.io";
        assert_eq!(
            of("source.toolkit.fluxcd.io/v1", "GitRepository"),
            some(&format!("gitrepositories.{source}"))
        );
        assert_eq!(
            of("monitoring.coreos.com/v1", "Prometheus"),
            some("prometheuses.monitoring.coreos.com")
        );
        assert_eq!(
            of("karpenter.k8s.aws/v1", "EC2NodeClass"),
            some("ec2nodeclasses.karpenter.k8s.aws")
        );
        assert_eq!(
            of("security.istio.io/v1", "AuthorizationPolicy"),
            some("authorizationpolicies.security.istio.io")
        );
        assert_eq!(
            of("constraints.gatekeeper.sh/v1beta1", "K8sNoHost"),
            some("k8snohost.constraints.gatekeeper.sh")
        );
        assert_eq!(of("v1", "Pod"), some("pods"));
        assert_eq!(of("example.com/v1", "Thing"), None);
    }
}
