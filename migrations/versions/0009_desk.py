"""the desk: notes that save as typed, sub-codes of the outcomes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# What a district begins with: outcome, code, Chinese, English. Afterwards the table is the district's own.
_FIRST = (
    ("rescued", "fall", "跌倒", "fall"),
    ("rescued", "heart_brain", "心脑血管", "heart or stroke"),
    ("rescued", "breathing", "呼吸困难", "breathing"),
    ("rescued", "injury", "外伤", "injury"),
    ("rescued", "fire_gas", "火灾、燃气", "fire or gas"),
    ("rescued", "other_illness", "其他急病", "other sudden illness"),
    ("helped_at_home", "family", "家属上门", "family came"),
    ("helped_at_home", "neighbour", "邻居上门", "a neighbour came"),
    ("helped_at_home", "committee", "居委会、驿站上门", "committee or station came"),
    ("helped_at_home", "police", "民警上门", "police came"),
    ("consultation", "medical", "健康咨询", "health"),
    ("consultation", "legal", "法律咨询", "law"),
    ("consultation", "psychological", "心理咨询", "comfort and psychology"),
    ("consultation", "policy", "政策咨询", "policies and benefits"),
    ("consultation", "daily", "日常咨询", "everyday matters"),
    ("life_service", "ordered", "已登记服务", "service noted"),
    ("life_service", "declined", "了解后未登记", "asked, not ordered"),
    ("complaint", "service", "服务质量", "quality of a service"),
    ("complaint", "attitude", "服务态度", "behaviour"),
    ("complaint", "fee", "收费", "fees"),
    ("complaint", "device", "设备", "device"),
    ("false_alarm", "by_mistake", "老人误按", "pressed by mistake"),
    ("false_alarm", "other_person", "他人误按", "pressed by somebody else"),
    ("false_alarm", "test", "测试", "a test"),
    ("false_alarm", "device_fault", "设备故障", "fault of the device"),
    ("no_contact", "no_answer", "回拨无人接听", "call-backs not answered"),
    ("no_contact", "wrong_number", "号码有误", "wrong number on file"),
    ("no_contact", "moved", "已搬离", "moved away"),
    ("other", "wrong_call", "打错电话", "wrong call"),
    ("other", "nuisance", "骚扰电话", "nuisance call"),
    ("other", "other", "其他", "other"),
)


def upgrade() -> None:
    op.create_table(
        "case_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("audited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_notes")),
        sa.UniqueConstraint("case_id", "author", name=op.f("uq_case_notes_case_id_author")),
    )
    codes = op.create_table(
        "disposition_codes",
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("zh", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("outcome", "code", name=op.f("pk_disposition_codes")),
    )
    rows = [
        {"outcome": outcome, "code": code, "zh": zh, "en": en, "position": position, "active": True}
        for position, (outcome, code, zh, en) in enumerate(_FIRST)
    ]
    op.bulk_insert(codes, rows)
    op.add_column("cases", sa.Column("code", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("cases", "code")
    op.drop_table("disposition_codes")
    op.drop_table("case_notes")
