// The operations board, on its own page only: news as it comes, paused and taken up again by a key.
import "../scripts/board.js";
