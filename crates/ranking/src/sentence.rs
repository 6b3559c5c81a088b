//! The one Chinese sentence that tells staff why two sides should meet.

use crate::{AlikeWords, EvidenceItem, Rule, TermMatch};

/// Terms named in the sentence at most.
const TERMS: usize = 5;
/// Pairs of words alike in meaning named at most.
const ALIKE: usize = 2;

/// 双方都提到“激光焊接”“气孔”；含义相关的有“电芯”～“蓄电池”；成果《…》可作佐证；同在安徽省滁州市；当前可对接。综合 63.2 分。
/// `loose` tells the points that come from characters alike instead of words, when they are most of the text's.
pub(crate) fn sentence(
    terms: &[TermMatch],
    alike: &[AlikeWords],
    evidence: &[EvidenceItem],
    rules: &[Rule],
    loose: Option<f64>,
    total: f64,
) -> String {
    let mut clauses = vec![match terms {
        [] => "没有找到双方都用的完整词语，得分来自相近的用字".to_owned(),
        terms => format!("双方都提到{}", terms.iter().take(TERMS).map(quoted).collect::<String>()),
    }];
    if !alike.is_empty() {
        let pairs: Vec<String> =
            alike.iter().take(ALIKE).map(|pair| format!("“{}”～“{}”", pair.asked, pair.found)).collect();
        clauses.push(format!("含义相关的有{}", pairs.join("、")));
    }
    clauses.extend(
        loose
            .filter(|_| !terms.is_empty())
            .map(|points| format!("另有 {points:.1} 分来自零散的用字相近，仅供参考")),
    );
    if let Some(best) = evidence.first() {
        clauses.push(format!("成果《{}》可作佐证", best.title));
    }
    clauses.extend(rules.iter().map(|rule| rule.fact.clone()));
    format!("{}。综合 {total:.1} 分。", clauses.join("；"))
}

fn quoted(term: &TermMatch) -> String {
    match &term.synonym {
        Some(synonym) => format!("“{}”（≈{synonym}）", term.term),
        None => format!("“{}”", term.term),
    }
}
