"""What each recorded series is made of, in promtool's notation: see alert_cases.py."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recorded series come to at 12 minutes, with these `series`, by expression."""

    series: Mapping[str, str]
    values: Mapping[str, float]

    @property
    def names(self) -> set[str]:
        """The recorded series."""
        return {expression.partition("{")[0] for expression in self.values}


_HOPS = ("processor", "resolver", "scoring", "rejections")
_REQUESTS = {
    'leadflow_observer_requests_total{path="/v1/track",status="503"}': "0+1x20",
    'leadflow_observer_requests_total{path="/v1/batch",status="200"}': "0+8x20",
    'leadflow_observer_requests_total{path="/v1/batch",status="400"}': "0+1x20",
    'leadflow_observer_requests_total{path="other",status="500"}': "0+9x20",
    'leadflow_observer_ack_seconds_bucket{le="1.0"}': "0+98x20",
    'leadflow_observer_ack_seconds_bucket{le="2.0"}': "0+100x20",
    'leadflow_observer_ack_seconds_bucket{le="+Inf"}': "0+100x20",
}
_CHANGES = {
    'leadflow_scoring_stage_change_seconds_bucket{le="5.0"}': "0+75x20",
    'leadflow_scoring_stage_change_seconds_bucket{le="10.0"}': "0+98x20",
    'leadflow_scoring_stage_change_seconds_bucket{le="30.0"}': "0+100x20",
    'leadflow_scoring_stage_change_seconds_bucket{le="+Inf"}': "0+100x20",
    "leadflow_scoring_stage_change_seconds_count": "0+100x20",
}


def _hop(hop: str) -> Recorded:
    return Recorded(
        {
            f'leadflow_{hop}_lag_records{{partition="0",instance="a"}}': "5x20",
            f'leadflow_{hop}_lag_records{{partition="0",instance="b"}}': "7x20",  # asked a moment later
            f'leadflow_{hop}_lag_records{{partition="1",instance="a"}}': "2x20",
            f'leadflow_{hop}_lag_seconds{{partition="0"}}': "5x20",
            f'leadflow_{hop}_lag_seconds{{partition="1"}}': "7x20",
            f'leadflow_{hop}_retention_seconds{{instance="a"}}': "0x20",  # has no such hop
            f'leadflow_{hop}_retention_seconds{{instance="b"}}': "86400x20",
            f"leadflow_{hop}_records_total": "0+120x20",
            f'leadflow_{hop}_rejected_total{{code="poison"}}': "0+3x20",
            f'leadflow_{hop}_retries_total{{reason="commit_unavailable"}}': "0+2x20",
        },
        {
            f'leadflow:lag_records:max{{hop="{hop}"}}': 9,
            f'leadflow:lag_seconds:max{{hop="{hop}"}}': 7,
            f'leadflow:retention_seconds:max{{hop="{hop}"}}': 86400,
            f'leadflow:records:rate5m{{hop="{hop}"}}': 2,
            f'leadflow:drain_seconds{{hop="{hop}"}}': 4.5,
            f'leadflow:rejected:increase10m{{hop="{hop}",code="poison"}}': 30,
            f'leadflow:retries:increase5m{{hop="{hop}",reason="commit_unavailable"}}': 10,
        },
    )


RECORDED = (
    *map(_hop, _HOPS),
    Recorded(
        {
            **_REQUESTS,
            **_CHANGES,
            'leadflow_resolver_refusals_total{reason="limit"}': "0+1x20",
            "leadflow_resolver_merges_total": "0+3x20",
        },
        {
            **{f"leadflow:ingestion_errors:ratio_rate{w}": 0.1 for w in ("5m", "30m", "1h", "2h", "6h", "1d", "3d")},
            "leadflow:ack_seconds:p99_5m": 1.5,
            "leadflow:late_stage_changes:ratio_rate5m": 0.25,
            "leadflow:late_stage_changes:ratio_rate1h": 0.25,
            "leadflow:stage_change_seconds:p99_5m": 20,
            "leadflow:merge_refusals:ratio_rate1h": 0.25,
        },
    ),
)
