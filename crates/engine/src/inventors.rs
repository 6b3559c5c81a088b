//! Whom an achievement may name. What it says counts as evidence of the experts whom it names by their identifiers, and raises them in searches and
//! rankings; so what a region's key writes may name that region's experts alone. Names without an identifier are everybody's.

use std::collections::HashMap;

use domain::forms::Draft;
use domain::{FieldProblem, Kind, ProblemCode, Profile, Region};
use exchange::{RowError, RowProblem};

use crate::import::Batch;
use crate::matching::lies_within;
use crate::{Engine, EngineError};

const LABEL: &str = "完成人";

impl Engine {
    /// What is wrong with each of these forms, for a writer of this region.
    pub(crate) async fn named_elsewhere(
        &self,
        own: Region,
        drafts: &[Draft],
    ) -> Result<Vec<Vec<FieldProblem>>, EngineError> {
        let mut elsewhere: HashMap<&str, bool> = HashMap::new();
        for (_, identifier) in drafts.iter().flat_map(named) {
            if !elsewhere.contains_key(identifier) {
                let found = self.store.by_external_id(Kind::Expert, identifier).await?;
                let lies = found.is_some_and(|expert| !lies_within(Some(own), expert.profile.region()));
                elsewhere.insert(identifier, lies);
            }
        }
        let problem = |(at, identifier): (usize, &str)| FieldProblem {
            pointer: format!("/inventors/{at}/expert"),
            label: LABEL.to_owned(),
            code: ProblemCode::OutsideRegion,
            detail: format!(
                "外部编号为“{identifier}”的专家不属于{}，本密钥登记的成果只能指明本地区的专家；可以只写姓名，不写编号",
                own.full_name()
            ),
        };
        let wrong =
            |draft| named(draft).filter(|(_, identifier)| elsewhere[identifier]).map(problem).collect();
        Ok(drafts.iter().map(wrong).collect())
    }

    /// Takes rows that name experts of another region out of a batch, and names them in the report.
    pub(crate) async fn refuse_elsewhere(
        &self,
        region: Option<Region>,
        batch: &mut Batch,
    ) -> Result<(), EngineError> {
        let Some(own) = region else { return Ok(()) };
        let wrong = self.named_elsewhere(own, &batch.drafts).await?;
        if wrong.iter().all(Vec::is_empty) {
            return Ok(());
        }
        let rows = std::mem::take(&mut batch.drafts).into_iter().zip(std::mem::take(&mut batch.lines));
        for ((draft, line), wrong) in rows.zip(wrong) {
            if wrong.is_empty() {
                batch.drafts.push(draft);
                batch.lines.push(line);
            } else {
                let problems = wrong.into_iter().map(|FieldProblem { pointer, label, code, detail }| {
                    RowProblem { column: None, label, pointer, code, detail }
                });
                batch.errors.push(RowError { line, problems: problems.collect(), bytes_read: 0 });
            }
        }
        Ok(())
    }
}

/// The experts whom a form names by their identifiers, with their places among the inventors.
fn named(draft: &Draft) -> impl Iterator<Item = (usize, &str)> {
    let inventors = match &draft.profile {
        Profile::Achievement(achievement) => &achievement.inventors[..],
        _ => &[],
    };
    inventors.iter().enumerate().filter_map(|(at, inventor)| Some((at, inventor.expert.as_deref()?)))
}
