"""Names that server and clients share: commands, and what goes beyond the protocol."""

EXPLAIN = "tokenblame.explain"
CANCEL = "tokenblame.cancel"
ATTRIBUTE = "tokenblame.attribute"
SEARCH_LONGER = "tokenblame.searchLonger"
CHECK = "tokenblame.checkFaithfulness"
REPORT = "tokenblame.copyReport"
SHOW_FAULT = "tokenblame.showFault"
OPEN_SAMPLE = "tokenblame.openSample"

# Scheme of the documents in which our extension shows a line of a samples file.
READ_ONLY = "tokenblame-sample"

# Notifications, to clients that declare `experimental.{relevance,status,report}` …
RELEVANCE = "tokenblame/relevance"
STATUS = "tokenblame/status"
REPORTED = "tokenblame/report"
# … and from clients that know workspace trust.
TRUST = "tokenblame/trust"
