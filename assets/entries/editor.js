// Writing a policy, on its own page only: line numbers, the check as one types, jumps to what it found.
import "../scripts/editor.js";
