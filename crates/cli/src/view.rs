//! Records and matches as people and programs read them. Contacts never come here.

use domain::{Kind, Profile, Record};
use engine::{Excluded, Explanation, Match, MatchAnswer};
use serde_json::{Value, json};

use crate::screen::{Emphasis, Screen, Span};

use Emphasis::{Faint, Hit, Plain, Strong};

/// Who or what a record is, for programs.
pub(crate) fn record_json(record: &Record) -> Value {
    json!({
        "id": record.id,
        "external_id": record.external_id,
        "kind": record.id.kind,
        "status": record.status.slug(),
        "title": record.profile.title(),
        "organisation": record.profile.organisation(),
        "region": record.profile.region().map(|region| region.full_name()),
    })
}

/// Who or what a record is, in a few words.
pub(crate) fn about(record: &Record) -> String {
    let profile = &record.profile;
    let organisation = match profile {
        Profile::Enterprise(_) | Profile::Society(_) => None,
        _ => profile.organisation(),
    };
    let words = [
        profile.professional_title().map(str::to_owned),
        profile.type_label().map(str::to_owned),
        organisation.map(str::to_owned),
        profile.region().map(|region| region.full_name()),
    ];
    words.into_iter().flatten().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// An answer for programs.
pub(crate) fn answer_json(answer: &MatchAnswer) -> Value {
    let excluded = |excluded: &Excluded| {
        json!({
            "target": record_json(&excluded.record),
            "total": excluded.total,
            "reasons": excluded.reasons,
        })
    };
    json!({
        "matches": answer.matches.iter().map(match_json).collect::<Vec<_>>(),
        "excluded": answer.excluded.iter().map(excluded).collect::<Vec<_>>(),
        "warnings": answer.warnings,
        "questions": answer.questions,
        "considered": answer.considered,
    })
}

fn match_json(found: &Match) -> Value {
    json!({
        "rank": found.rank,
        "target": record_json(&found.record),
        "score": found.explanation.total,
        "explanation": found.explanation,
    })
}

/// An answer for people.
pub(crate) fn answer(screen: Screen, target: Kind, answer: &MatchAnswer) -> String {
    let mut text = String::new();
    for warning in &answer.warnings {
        let said = format!("注意：提出方{}。", warning.label());
        text.push_str(&screen.paragraph(0, &[(Strong, said)]));
    }
    if !answer.questions.is_empty() {
        let reserve = if answer.matches.is_empty() { "" } else { "，下面的结果仅供参考" };
        let said = format!("这条需求写得较笼统{reserve}。建议先问清：");
        text.push_str(&screen.paragraph(0, &[(Strong, said)]));
        for question in &answer.questions {
            text.push_str(&screen.paragraph(2, &[(Plain, format!("· {}", question.question))]));
        }
    }
    if answer.matches.is_empty() {
        text.push_str(&format!("没有找到可对接的{}。\n", target.label()));
    }
    for found in &answer.matches {
        text.push_str(&one(screen, found));
    }
    if !answer.excluded.is_empty() {
        text.push_str(&screen.paragraph(0, &[(Strong, "未列入的（若可对接，得分如下）".to_owned())]));
    }
    for excluded in &answer.excluded {
        let reasons: Vec<&str> = excluded.reasons.iter().map(|reason| reason.label()).collect();
        let record = &excluded.record;
        let said = format!("{}  {}  {:.1} 分：", record.id, record.profile.title(), excluded.total);
        text.push_str(&screen.paragraph(2, &[(Plain, said), (Plain, reasons.join("、"))]));
    }
    text
}

fn one(screen: Screen, found: &Match) -> String {
    let Match { rank, record, explanation } = found;
    let head = [
        (Strong, format!("{rank}. {}", record.profile.title())),
        (Plain, format!("  {}", about(record))),
        (Strong, format!("  {:.1} 分", explanation.total)),
        (Faint, format!("  {} / {}", record.id, record.external_id)),
    ];
    let mut text = screen.paragraph(0, &head);
    text.push_str(&screen.paragraph(3, &[(Plain, explanation.sentence.clone())]));
    text.push_str(&reasons(screen, explanation));
    text.push('\n');
    text
}

fn reasons(screen: Screen, explanation: &Explanation) -> String {
    let mut text = String::new();
    let mut line = |label: &str, spans: Vec<Span>| {
        if !spans.is_empty() {
            let head = (Faint, format!("{label}："));
            text.push_str(&screen.paragraph(3, &std::iter::once(head).chain(spans).collect::<Vec<_>>()));
        }
    };
    let parts = explanation.parts.iter().filter(|part| part.points >= 0.05);
    let parts: Vec<String> = parts.map(|part| format!("{} {:.1}", part.label, part.points)).collect();
    line("得分", vec![(Plain, parts.join(" + "))]);

    let terms = explanation.terms.iter().filter(|term| term.points >= 0.05).map(|term| match &term.synonym {
        Some(synonym) => format!("{}（对方作“{synonym}”）{:.1}", term.term, term.points),
        None => format!("{} {:.1}", term.term, term.points),
    });
    let mut terms: Vec<String> = terms.collect();
    let text_points =
        explanation.parts.iter().filter(|part| part.code.starts_with("text.")).map(|part| part.points);
    let rest = text_points.sum::<f64>() - explanation.terms.iter().map(|term| term.points).sum::<f64>();
    if rest >= 0.05 {
        terms.push(format!("其余用字 {rest:.1}"));
    }
    line("共有词语", joined(terms));
    for highlight in explanation.candidate.iter().take(2) {
        line(&highlight.label, highlight.pieces.iter().map(piece).collect());
    }
    for item in &explanation.evidence {
        let said = format!("《{}》（{}）{}", item.title, item.id, item.terms.join("、"));
        line("佐证", vec![(Plain, said)]);
    }
    text
}

fn joined(words: Vec<String>) -> Vec<Span> {
    if words.is_empty() { Vec::new() } else { vec![(Plain, words.join("、"))] }
}

/// A piece of a text with its emphasis.
pub(crate) fn piece(piece: &ranking::Piece) -> Span {
    (if piece.hit { Hit } else { Plain }, piece.text.clone())
}
