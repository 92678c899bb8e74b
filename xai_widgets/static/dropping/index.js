var $=(n,t)=>n.addEventListener("abort",t);function u(n,...t){let[o,...a]=n.split("."),i=document.createElement(o||"div");o==="button"&&b(i,{type:"button"}),i.className=a.map(l=>`xw-${l}`).join(" ");for(let l of t)typeof l=="string"||l instanceof Node?i.append(l):b(i,l);return i}function b(n,t){for(let[o,a]of Object.entries(t)){let i=o.replace("_","data-xw-").replace("$","aria-");a==null||a===!1?n.removeAttribute(i):n.setAttribute(i,a===!0?"":`${a}`)}}function S(n,t){n.textContent!==t&&(n.textContent=t)}function D(n,t){n.hidden=!t,S(n,t)}function w(n,t,o,a){for(let i of o.split(" "))t.addEventListener(i,a,{signal:n,passive:!1})}var L=n=>n.preventDefault();function I(n,t,...o){let a=document.createElementNS("http://www.w3.org/2000/svg",n);return b(a,t),a.append(...o),a}function R(n,t="",o="0 0 16 16"){return I("svg",{class:t,viewBox:o,preserveAspectRatio:"none",$hidden:"true"},I("path",{d:n}))}var V=()=>`xw-${Math.random().toString(36).slice(2)}`;var j=`.xw-root {
  .xw-veil {
    position: absolute;
    z-index: 10;
    inset: 0;
    border-radius: inherit;
    pointer-events: none;
  }
  [data-xw-drop="near"] {
    outline: 2px dashed var(--xw-brand);
    outline-offset: -6px;
  }
  :is([data-xw-drop="over"], [data-xw-drop="gone"], [data-xw-drop="reading"]) {
    background: color-mix(in srgb, var(--xw-bg) 76%, transparent);
  }
  [data-xw-drop="over"] {
    outline: 2px dashed var(--xw-brand);
    outline-offset: -10px;
    background: color-mix(in srgb, var(--xw-tint) 78%, transparent);
  }
  .xw-dropped {
    position: absolute;
    display: flex;
    gap: 14px;
    align-items: center;
    width: max-content;
    max-width: min(460px, 100% - 32px);
    padding: 14px 18px;
    border: 1px solid var(--xw-line);
    border-radius: 10px;
    background: var(--xw-bg);
    box-shadow: 0 8px 28px #0003;
    pointer-events: auto;
    translate: -50% -50%;
  }
  [data-xw-drop="near"] .xw-dropped {
    display: none;
  }
  .xw-dropicon {
    width: 28px;
    color: var(--xw-ink);
    stroke-width: 1.1;
  }
  .xw-dropwords {
    display: grid;
    min-width: 0;
    overflow-wrap: anywhere;
    span {
      color: var(--xw-muted);
      font-size: 12px;
    }
  }
  [data-xw-drop="over"] .xw-dropped {
    pointer-events: none;
  }
  [data-xw-drop="refused"] :is(b, .xw-dropicon) {
    color: light-dark(#b3261e, #ffb4ab);
  }
  [data-xw-drop="reading"] .xw-dropicon {
    animation: xw-sink 0.9s infinite alternate ease-in-out;
  }
  .xw-status > :empty {
    display: none;
  }
  [data-xw-control="drop-back"] {
    overflow: hidden;
    max-width: 240px;
    margin-right: auto;
    color: var(--xw-ink);
    text-overflow: ellipsis;
    white-space: nowrap;
  }
}
@keyframes xw-sink {
  from {
    translate: 0 -3px;
  }
  to {
    translate: 0 3px;
  }
}
`;var F=64e4,J=400,Q=5e3,X=1e4,Z=230,ee="M3 10.5v2a1 1 0 0 0 1 1h8a1 1 0 0 0 1-1v-2M8 2.5V10M5 7l3 3 3-3",q="The kernel is gone: run this cell again, then bring the picture.",te="The kernel is gone, and the earlier picture with it: run this cell again.",ne="The page gave an address, not the picture. Save it, and drop the file.";function oe({model:n,root:t,signal:o,speak:a},i,{most:l}){let C=V(),N=u("b"),A=u("span"),v=u("button.tool",{$label:"Close",title:"Close",_control:"drop-close"});v.append(R("M4 4l8 8M12 4l-8 8"));let G=R(ee,"xw-dropicon"),H=u(".dropped",G,u(".dropwords",N,A),v),y=u(".veil",{_drop:"",hidden:!0},H),x=u("button.link",{_control:"drop-back",hidden:!0});t.append(u("style",j),y),t.querySelector("footer")?.lastElementChild?.before(x);let h,M,E;$(o,()=>{clearTimeout(M),clearTimeout(E)});function c(e,s="",r=""){h=e,y.hidden=!e,v.hidden=e!=="refused",b(y,{_drop:e,role:e==="refused"?"alert":null}),S(N,s),D(A,r),e&&e!=="near"&&K()}function K(){let[e,...s]=t.querySelectorAll(".xw-pane"),r=(e&&!s.length?e:t).getBoundingClientRect(),{left:p,top:g,width:d}=t.getBoundingClientRect(),[m,k]=[Math.max(r.top,0),Math.min(r.bottom,window.innerHeight)],T=Math.min(Z,d/2),U=Math.min(Math.max((r.left+r.right)/2-p,T),d-T);H.style.cssText=`left:${U}px;top:${(m+Math.max(k,m))/2-g}px`}function f(e){clearTimeout(E),c("refused","This picture is not shown",e),v.focus({preventScroll:!0})}function P(){c(void 0),t.querySelector("[data-xw-stage]")?.focus({preventScroll:!0})}function _(e){clearTimeout(M),M=setTimeout(()=>h!=="reading"&&h!=="refused"&&c(void 0),e)}function z(e){h!=="reading"&&(_(Q),e?i.state()==="gone"?c("gone","No kernel, no answer",q):c("over","Drop a picture","The network says what it sees in it"):c("near"))}async function B(e,s){if(clearTimeout(M),i.state()==="gone")return f(q);if(e.length>1)return f(`These are ${e.length} files. Bring one picture.`);let r=e[0]??re(s);if(!r)return f(/<img/i.test(s)?ne:"There is no picture in it.");let{name:p,size:g}=r;if(g>l){let[d,m]=[g,l].map(T=>(T/1e6).toFixed(0));return f(`“${p}” has ${d} MB; expected at most ${m} MB. Make it smaller, or set it from a cell: viewer.image = path.`)}c("reading",`Reading ${p}`),a(`Reading ${p}`),E=setTimeout(()=>D(A,"The kernel is busy with something else."),X);try{for(let d=0;!d||d<g;d+=F){let m=new Uint8Array(await r.slice(d,d+F).arrayBuffer());if(o.aborted)return;let k={kind:"picture",by:C,name:p,size:g,at:d};n.send(k,void 0,[m])}}catch(d){let m=g%4096===0&&!r.type?" Is it a folder?":"";f(`“${p}” cannot be read (${d.message}).${m}`)}}function W({by:e,name:s,failed:r}){e===C&&(clearTimeout(E),r?f(r):(c(void 0),a(`${s} is shown now.`)))}function O(){let e=n.get("earlier_picture");x.hidden=!e,S(x,`Back to ${e}`),b(x,{title:`Back to ${e}`})}w(o,v,"click",P),w(o,y,"keydown",e=>{e.key==="Escape"&&(e.stopPropagation(),P())}),w(o,x,"click",()=>{if(i.state()==="gone"){f(te);return}i.send({kind:"back"}),x.hidden=!0,t.querySelector("[data-xw-stage]")?.focus({preventScroll:!0})}),i.on("msg:custom",e=>{e.kind==="dropped"&&W(e)}),i.on("change:earlier_picture",O),O(),w(o,document,"dragover drop",e=>{let s=e.dataTransfer;if(!s?.types.some(p=>/^Files|uri/.test(p)))return;let r=e.composedPath().includes(t);r&&(L(e),s.dropEffect=i.state()==="gone"?"none":"copy"),e.type==="dragover"?z(r):r?B([...s.files],s.getData("text/html")):h!=="reading"&&c(void 0)}),w(o,document,"dragleave",({relatedTarget:e})=>{h&&!e&&_(J)}),w(o,document,"paste",e=>{let s=e.clipboardData?.files,{activeElement:r}=t.getRootNode();!(t.contains(r)&&!r.matches("input:not([type])"))||!s?.length||(L(e),B([...s],""))})}function re(n){let t=new DOMParser().parseFromString(n,"text/html").querySelector("img"),[,o,a]=/^data:(image\/[\w.+-]+);base64,(.*)$/s.exec(t?.src??"")??[];if(!(!o||!a))try{let i=Uint8Array.from(atob(a),l=>l.charCodeAt(0));return new File([i],`picture.${o.split(/[/+]/)[1]}`,{type:o})}catch{return}}export{oe as default,re as pictureIn};
