//! The cost of each step of matching over a generated corpus: analysis, indexing, retrieval, and everything up to explained matches.
//!
//! Times move from machine to machine; read them as ratios within one run. The references: the words for people beside all terms, the
//! plain search by words beside the full model in retrieval, the first stage beside the whole of matching. `cargo bench` prints all of them.

use std::collections::HashMap;
use std::hint::black_box;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use domain::{Area, Attributes, Kind, Passage, Profile, RecordId, forms};
use engine::synthetic::{Plan, generate};
use index::{Catalog, IndexDocument, Retrieved, Scope};
use ranking::{Candidate, Evidence, Explainer, Meaning, Query, Rarity, Score, Weights};
use text::{Analyzer, Dictionaries, Scratch};
use vectors::TermVectors;

/// Profiles by registry, as the generator writes them and the import reads them.
fn corpus(experts: u64, needs: u64) -> HashMap<Kind, Vec<Profile>> {
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);
    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("one thread").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let plan = Plan { experts, needs, stations: 0, achievements: 0, seed: 1 };
    let mut files: HashMap<Kind, Shared> = HashMap::new();
    generate(&plan, &mut |kind| Ok(Box::new(files.entry(kind).or_default().clone())))
        .expect("memory takes it");
    let profile = |kind, line: &[u8]| {
        let form = serde_json::from_slice(line).expect("the generator writes JSON");
        forms::parse(kind, form).expect("and valid forms").profile
    };
    let profiles = |(kind, file): (Kind, Shared)| {
        let bytes = file.0.lock().expect("one thread").clone();
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        (kind, lines.map(|line| profile(kind, line)).collect())
    };
    files.into_iter().map(profiles).collect()
}

fn analyzer() -> Arc<Analyzer> {
    Arc::new(Analyzer::new(&Dictionaries::builtin()).expect("the built-in dictionaries are sound"))
}

fn document(number: u64, profile: &Profile) -> IndexDocument {
    IndexDocument {
        number,
        passages: profile.passages(),
        names: profile.names().into_iter().map(str::to_owned).collect(),
        open: true,
        facets: Vec::new(),
        attributes: Attributes::of_form(profile),
        updated_at: 0,
    }
}

fn analysis(criterion: &mut Criterion) {
    let analyzer = analyzer();
    let experts = &corpus(500, 0)[&Kind::Expert];
    let texts: Vec<String> = experts.iter().flat_map(Profile::passages).map(|passage| passage.text).collect();
    let characters: usize = texts.iter().map(|text| text.chars().count()).sum();
    let mut group = criterion.benchmark_group("analysis");
    group.throughput(Throughput::Elements(characters as u64));
    group.bench_function("tokens", |bencher| {
        let mut scratch = Scratch::default();
        bencher.iter(|| {
            let mut count = 0_usize;
            for text in &texts {
                analyzer.for_each_token(text, &mut scratch, |token| count += token.text.len());
            }
            black_box(count)
        });
    });
    group.bench_function("reference: words for people", |bencher| {
        bencher.iter(|| texts.iter().map(|text| analyzer.words(text).len()).sum::<usize>());
    });
    group.finish();
}

fn indexing(criterion: &mut Criterion) {
    let analyzer = analyzer();
    let documents: Vec<IndexDocument> = corpus(1_000, 0)[&Kind::Expert]
        .iter()
        .zip(1..)
        .map(|(profile, number)| document(number, profile))
        .collect();
    let mut group = criterion.benchmark_group("indexing");
    group.sample_size(10).throughput(Throughput::Elements(documents.len() as u64));
    group.bench_function("rebuild", |bencher| {
        bencher.iter_batched(
            || tempfile::tempdir().expect("a temporary directory"),
            |folder| {
                let catalog = Catalog::open(folder.path(), Arc::clone(&analyzer), None).expect("opens");
                let mut rebuild =
                    catalog.registry(Kind::Expert).rebuild(TermVectors::builtin()).expect("starts");
                documents.iter().for_each(|document| rebuild.put(document).expect("takes it"));
                rebuild.finish(1).expect("commits");
                folder
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// What the full model costs beside the plain search for the best twenty by their words, and how both grow.
fn retrieval(criterion: &mut Criterion) {
    let analyzer = analyzer();
    let weights = Weights::default();
    let plain = Weights { meaning: Meaning { weight: 0.0, candidates: 0 }, ..weights };
    let mut group = criterion.benchmark_group("retrieval");
    group.sample_size(20);
    for experts in [10_000, 100_000] {
        let corpus = corpus(experts, 50);
        let folder = tempfile::tempdir().expect("a temporary directory");
        let catalog = Catalog::open(folder.path(), Arc::clone(&analyzer), None).expect("opens");
        let mut rebuild = catalog.registry(Kind::Expert).rebuild(TermVectors::builtin()).expect("starts");
        for (profile, number) in corpus[&Kind::Expert].iter().zip(1..) {
            rebuild.put(&document(number, profile)).expect("takes it");
        }
        rebuild.finish(1).expect("commits");
        let snapshot = catalog.registry(Kind::Expert).snapshot();
        let needs: Vec<(Query, Attributes)> = corpus[&Kind::Need]
            .iter()
            .map(|need| {
                (
                    Query::new(&analyzer, &need.passages(), &weights, |terms| {
                        vec![Rarity::UNKNOWN; terms.len()]
                    }),
                    need,
                )
            })
            .map(|(query, need)| (query, Attributes::of_form(need)))
            .collect();
        let scope = Scope { open_only: true, ..Scope::default() };
        group.throughput(Throughput::Elements(needs.len() as u64));
        group.bench_function(BenchmarkId::new("reference: the best 20 by their words", experts), |bencher| {
            let plain = |query: &Query| snapshot.retrieve(query, &plain, &scope, 20).expect("reads");
            bencher.iter(|| needs.iter().map(|(query, _)| plain(query).candidates.len()).sum::<usize>());
        });
        group.bench_function(BenchmarkId::new("the full model", experts), |bencher| {
            let full = |(query, attributes): &(Query, Attributes)| {
                let found = snapshot.retrieve(query, &weights, &scope, 300).expect("reads");
                let score = |found: &index::Candidate| {
                    let features = ranking::features(attributes, &found.attributes, &weights.features);
                    ranking::score(&found.texts, 50.0, &features, &weights).total
                };
                found.candidates.iter().map(score).sum::<f64>()
            };
            bencher.iter(|| needs.iter().map(full).sum::<f64>());
        });
    }
    group.finish();
}

/// From the first stage to explained matches: what a request costs beside its records.
fn matching(criterion: &mut Criterion) {
    let analyzer = analyzer();
    let weights = Weights::default();
    let corpus = corpus(10_000, 20);
    let experts = &corpus[&Kind::Expert];
    let folder = tempfile::tempdir().expect("a temporary directory");
    let catalog = Catalog::open(folder.path(), Arc::clone(&analyzer), None).expect("opens");
    let mut rebuild = catalog.registry(Kind::Expert).rebuild(TermVectors::builtin()).expect("starts");
    for (profile, number) in experts.iter().zip(1..) {
        rebuild.put(&document(number, profile)).expect("takes it");
    }
    rebuild.finish(1).expect("commits");
    let snapshot = catalog.registry(Kind::Expert).snapshot();
    let scope = Scope { open_only: true, ..Scope::default() };
    let needs: Vec<(Vec<Passage>, Attributes)> =
        corpus[&Kind::Need].iter().map(|need| (need.passages(), Attributes::of_form(need))).collect();
    let query = |passages: &[Passage]| {
        Query::new(&analyzer, passages, &weights, |terms| vec![Rarity::UNKNOWN; terms.len()])
    };
    let retrieve = |query: &Query| snapshot.retrieve(query, &weights, &scope, 300).expect("reads");
    // Another expert's texts stand for the documents behind an expert.
    let evidence = |number: u64| {
        let passages = experts[number as usize % experts.len()].passages();
        let passages = passages.into_iter().map(|passage| Passage { area: Area::Evidence, ..passage });
        let id = RecordId::new(Kind::Achievement, number);
        vec![Evidence { id, title: String::new(), passages: passages.collect() }]
    };

    let vectors = TermVectors::builtin();
    let mut group = criterion.benchmark_group("matching 10,000 experts");
    group.throughput(Throughput::Elements(needs.len() as u64));
    group.bench_function("texts to weighted terms", |bencher| {
        bencher.iter(|| needs.iter().map(|(passages, _)| query(passages).terms.len()).sum::<usize>());
    });
    let queries: Vec<Query> = needs.iter().map(|(passages, _)| query(passages)).collect();
    group.bench_function("reference: first stage", |bencher| {
        bencher.iter(|| queries.iter().map(|query| retrieve(query).candidates.len()).sum::<usize>());
    });
    group.bench_function("first stage, features, score, explanations of the best 20", |bencher| {
        bencher.iter(|| {
            let mut explained = 0;
            for ((passages, attributes), query) in needs.iter().zip(&queries) {
                let Retrieved { candidates, corpus } = retrieve(query);
                let ideal = corpus.ideal(query);
                let mut scored: Vec<(Score, _, u64)> = candidates
                    .into_iter()
                    .map(|found| {
                        let features = ranking::features(attributes, &found.attributes, &weights.features);
                        let score = ranking::score(&found.texts, ideal, &features, &weights);
                        (score, features, found.number)
                    })
                    .collect();
                scored.sort_by(|a, b| b.0.total.total_cmp(&a.0.total));
                let explainer = Explainer::new(&analyzer, &weights, &vectors, passages, query, &corpus);
                for (score, features, number) in scored.into_iter().take(20) {
                    let texts = experts[number as usize - 1].passages();
                    let candidate = Candidate { passages: &texts, evidence: &evidence(number) };
                    explained += explainer.explain(&candidate, &score, &features).terms.len();
                }
            }
            explained
        });
    });
    group.finish();
}

criterion_group!(benches, analysis, indexing, retrieval, matching);
criterion_main!(benches);
