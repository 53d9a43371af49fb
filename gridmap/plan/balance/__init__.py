"""Help with drawing: building blocks, and proposals for cells that carry alike."""

from gridmap.plan.balance.blocks import Blocks, blocks_of
from gridmap.plan.balance.clusters import household_blocks
from gridmap.plan.balance.proposals import AIMS, Aim, Proposal, balance, judge, make_ready

__all__ = ["AIMS", "Aim", "Blocks", "Proposal", "balance", "blocks_of", "household_blocks", "judge", "make_ready"]
