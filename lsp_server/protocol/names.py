"""Names that server and clients share: commands, and what goes beyond the protocol."""

EXPLAIN = "tokenblame.explain"
SET_TASK = "tokenblame.setTask"
CANCEL = "tokenblame.cancel"
ATTRIBUTE = "tokenblame.attribute"
SEARCH_LONGER = "tokenblame.searchLonger"
CHECK = "tokenblame.checkFaithfulness"
REPORT = "tokenblame.copyReport"
GRAPH = "tokenblame.showGraph"
COMPARE = "tokenblame.compareModels"
CURVE = "tokenblame.curve"
SHOW_FAULT = "tokenblame.showFault"
OPEN_PROMPT = "tokenblame.openPrompt"
OPEN_CODE = "tokenblame.openCode"
OPEN_SAMPLE = "tokenblame.openSample"

# Scheme of the documents in which our extension shows a line of a samples file.
READ_ONLY = "tokenblame-sample"

# Requests about a document that is explained; lsp_server/handlers/panel_requests.py describes them.
DETAILS = "tokenblame/details"
GRAPH_REQUEST = "tokenblame/graph"
COMPARE_REQUEST = "tokenblame/compare"

# Notifications, to clients that declare `experimental.{relevance,status,report,panel}` …
RELEVANCE = "tokenblame/relevance"
STATUS = "tokenblame/status"
REPORTED = "tokenblame/report"
PANEL = "tokenblame/panel"
# … and from clients that know workspace trust.
TRUST = "tokenblame/trust"
