//! Campaigns at a desk: a region's key plans for its own region's needs, with those whom it may see, and sees the campaigns of its region.

use domain::RecordId;
use store::StoreError;

use super::{Act, Desk};
use crate::campaigns::Campaigns;
use crate::{
    CampaignPage, CampaignRequest, CampaignShown, EngineError, Itinerary, ItineraryPage, LeftOutPage,
    PlanPage, RulingDraft, Task,
};

impl Desk {
    /// Makes a campaign and its first plan.
    ///
    /// # Errors
    /// As [`Campaigns::make`].
    pub async fn make_campaign(&self, request: &CampaignRequest) -> Result<CampaignShown, EngineError> {
        let _turn = self.begin(Act::MakeCampaign).await?;
        self.campaigns().make(request, |_, _| {}).await
    }

    /// Has a campaign be made; tells the number of the operation.
    ///
    /// # Errors
    /// As [`Campaigns::size`]; [`EngineError::TooMuchWaiting`].
    pub async fn submit_campaign(&self, request: &CampaignRequest) -> Result<u64, EngineError> {
        let _turn = self.begin(Act::MakeCampaign).await?;
        // What is wrong by itself is told at once.
        self.campaigns().size(request).await?;
        let task = Task::MakeCampaign(Box::new(request.discreet()));
        self.engine.submit(task, &self.caller.key, None, true).await
    }

    /// How many needs a campaign would be about.
    ///
    /// # Errors
    /// As [`Campaigns::make`].
    pub async fn campaign_size(&self, request: &CampaignRequest) -> Result<usize, EngineError> {
        let _turn = self.begin(Act::MakeCampaign).await?;
        self.campaigns().size(request).await
    }

    /// Campaigns with a number less than `before`, latest first.
    ///
    /// # Errors
    /// As [`Campaigns::list`].
    pub async fn list_campaigns(&self, before: u64, limit: u32) -> Result<CampaignPage, EngineError> {
        let _turn = self.begin(Act::ReadCampaigns).await?;
        self.campaigns().list(before, limit).await
    }

    /// One campaign.
    ///
    /// # Errors
    /// As [`Campaigns::read`].
    pub async fn campaign(&self, number: u64) -> Result<CampaignShown, EngineError> {
        let _turn = self.begin(Act::ReadCampaigns).await?;
        self.campaigns().read(number).await
    }

    /// The pairs of a plan.
    ///
    /// # Errors
    /// As [`Campaigns::plan`].
    pub async fn campaign_plan(
        &self,
        number: u64,
        version: Option<u64>,
        after: (u64, u64),
        limit: u32,
    ) -> Result<PlanPage, EngineError> {
        let _turn = self.begin(Act::ReadCampaigns).await?;
        self.campaigns().plan(number, version, after, limit).await
    }

    /// A plan as a workbook.
    ///
    /// # Errors
    /// As [`Campaigns::plan_workbook`].
    pub async fn plan_workbook(&self, number: u64, version: Option<u64>) -> Result<Vec<u8>, EngineError> {
        let _turn = self.begin(Act::ReadCampaigns).await?;
        self.campaigns().plan_workbook(number, version).await
    }

    /// The needs that a plan leaves out.
    ///
    /// # Errors
    /// As [`Campaigns::left_out`].
    pub async fn left_out(
        &self,
        number: u64,
        version: Option<u64>,
        after: u64,
        limit: u32,
    ) -> Result<LeftOutPage, EngineError> {
        let _turn = self.begin(Act::ReadCampaigns).await?;
        self.campaigns().left_out(number, version, after, limit).await
    }

    /// Where those go who are sent.
    ///
    /// # Errors
    /// As [`Campaigns::itineraries`].
    pub async fn itineraries(
        &self,
        number: u64,
        version: Option<u64>,
        after: u64,
        limit: u32,
    ) -> Result<ItineraryPage, EngineError> {
        let _turn = self.begin(Act::ReadCampaigns).await?;
        self.campaigns().itineraries(number, version, after, limit).await
    }

    /// Where one of them goes.
    ///
    /// # Errors
    /// As [`Campaigns::itinerary`].
    pub async fn itinerary(
        &self,
        number: u64,
        version: Option<u64>,
        candidate: RecordId,
    ) -> Result<Itinerary, EngineError> {
        let _turn = self.begin(Act::ReadCampaigns).await?;
        self.campaigns().itinerary(number, version, candidate).await
    }

    /// Itineraries as a workbook: of all who are sent, or of one.
    ///
    /// # Errors
    /// As [`Campaigns::itinerary_workbook`].
    pub async fn itinerary_workbook(
        &self,
        number: u64,
        version: Option<u64>,
        candidate: Option<RecordId>,
    ) -> Result<Vec<u8>, EngineError> {
        let _turn = self.begin(Act::ReadCampaigns).await?;
        self.campaigns().itinerary_workbook(number, version, candidate).await
    }

    /// Takes what staff say of pairs and plans again.
    ///
    /// # Errors
    /// As [`Campaigns::rule`].
    pub async fn rule_on_campaign(
        &self,
        number: u64,
        expected: Option<u64>,
        rulings: &[RulingDraft],
    ) -> Result<CampaignShown, EngineError> {
        let _turn = self.begin(Act::ChangeCampaigns).await?;
        self.campaigns().rule(number, expected, rulings).await
    }

    /// Deletes a campaign.
    ///
    /// # Errors
    /// As [`Campaigns::delete`].
    pub async fn delete_campaign(&self, number: u64, expected: Option<u64>) -> Result<(), EngineError> {
        let _turn = self.begin(Act::ChangeCampaigns).await?;
        self.campaigns().delete(number, expected).await
    }

    /// A campaign that a request was about, as it is now; `None` when it has gone.
    pub(super) async fn recall_campaign(&self, number: u64) -> Result<Option<CampaignShown>, EngineError> {
        let _turn = self.begin(Act::ChangeCampaigns).await?;
        match self.campaigns().read(number).await {
            Ok(shown) => Ok(Some(shown)),
            Err(EngineError::Store(StoreError::CampaignNotFound(_))) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn campaigns(&self) -> Campaigns {
        self.engine.campaigns_seen(self.sight())
    }
}
