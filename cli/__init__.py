"""The command `yijiantong` (`yjt`): the only room that imports all others. It holds no rules."""
