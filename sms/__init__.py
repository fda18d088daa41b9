"""Text messages to people's mobiles: our own small protocol (`gateway`), and what stands behind it: a file, any HTTP
service, Aliyun, Tencent Cloud. Knows no case, no database and no settings; never logs a number or a text."""

from sms.aliyun import Aliyun
from sms.file import FileGateway
from sms.gateway import Message, NotNow, Refused, SmsError, SmsGateway
from sms.http import HttpGateway
from sms.tencent import Tencent
from sms.texts import text_of

__all__ = [
    "Aliyun",
    "FileGateway",
    "HttpGateway",
    "Message",
    "NotNow",
    "Refused",
    "SmsError",
    "SmsGateway",
    "Tencent",
    "text_of",
]
